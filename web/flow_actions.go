package web

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"

	"leat/flows"
	"leat/ui/page"
)

// runFlow starts a run and shows it. When one is active already, that one is shown: a
// button pressed twice starts one run.
func (s *Server) runFlow(c echo.Context) error {
	form, err := posted(c)
	if err != nil {
		return err
	}
	f, err := s.Flows.Flow(c.Request().Context(), c.Param("id"))
	if err != nil {
		return fmt.Errorf("find the flow: %w", err)
	}
	return s.start(c, f, ticked(form, "full_refresh"))
}

func (s *Server) start(c echo.Context, f flows.Flow, fullRefresh bool) error {
	ctx := c.Request().Context()
	run := flows.Run{
		ID: s.NewID(), FlowID: f.ID, FlowName: f.Name, Status: flows.RunQueued, Trigger: flows.TriggerManual,
		FullRefresh: fullRefresh, QueuedAt: s.Now(),
	}
	err := s.Runs.EnqueueRun(ctx, run)
	if active, ok := errors.AsType[*flows.ActiveRunError](err); ok {
		if fullRefresh { // what runs is not what was asked for
			return err
		}
		s.flash(ctx, "info", "The flow is already running. This is its run.")
		return redirect(c, page.One(page.RunsPath, active.RunID))
	}
	if err != nil {
		return fmt.Errorf("queue a run: %w", err)
	}
	if s.Wake != nil {
		s.Wake()
	}
	return redirect(c, page.One(page.RunsPath, run.ID))
}

// pauseFlow stops the schedule; an active run goes on.
func (s *Server) pauseFlow(c echo.Context) error {
	return s.setPaused(c, true, "is paused. A run that is active goes on.")
}

// resumeFlow starts the schedule again; a flow that is not paused but broken is run.
func (s *Server) resumeFlow(c echo.Context) error {
	f, err := s.Flows.Flow(c.Request().Context(), c.Param("id"))
	if err != nil {
		return fmt.Errorf("find the flow: %w", err)
	}
	if !f.Paused {
		return s.start(c, f, false)
	}
	return s.setPaused(c, false, "is live again.")
}

func (s *Server) setPaused(c echo.Context, paused bool, done string) error {
	ctx := c.Request().Context()
	f, err := s.Flows.Flow(ctx, c.Param("id"))
	if err != nil {
		return fmt.Errorf("find the flow: %w", err)
	}
	f.Paused = paused
	if err := s.Edits.EditFlow(ctx, f, formVersion{seen: f.UpdatedAt}.edit(c)); err != nil {
		return fmt.Errorf("save the flow: %w", err)
	}
	s.flash(ctx, "ok", "Flow "+f.Name+" "+done)
	return redirect(c, page.One(page.FlowsPath, f.ID))
}

// askDeleteFlow asks, and what becomes of its position.
func (s *Server) askDeleteFlow(c echo.Context) error {
	f, err := s.Flows.Flow(c.Request().Context(), c.Param("id"))
	if err != nil {
		return fmt.Errorf("find the flow: %w", err)
	}
	return s.confirm(c, http.StatusOK, s.confirmFlow(c, f))
}

func (s *Server) confirmFlow(c echo.Context, f flows.Flow) page.Confirm {
	here := page.One(page.FlowsPath, f.ID)
	return page.Confirm{
		Shell: s.shell(c, "Delete "+f.Name, "flows"), Title: "Delete flow " + f.Name,
		Text:   "The flow and the history of its runs are removed from Leat. The tables that it loaded stay as they are.",
		Action: here + "/delete", Button: "Delete flow", CancelHref: here,
		Question: "What becomes of its position?", Choices: page.FlowStateChoices(),
	}
}

// deleteFlow removes a flow. The state at the destination is dropped first, so that a
// destination that does not answer leaves everything as it was.
func (s *Server) deleteFlow(c echo.Context) error {
	ctx := c.Request().Context()
	form, err := posted(c)
	if err != nil {
		return err
	}
	f, err := s.Flows.Flow(ctx, c.Param("id"))
	if err != nil {
		return fmt.Errorf("find the flow: %w", err)
	}
	active, err := s.Runs.Runs(ctx, flows.RunFilter{FlowID: f.ID, Status: activeStatus, Limit: 1})
	if err != nil {
		return fmt.Errorf("look for an active run: %w", err)
	}
	if len(active) > 0 {
		return s.refuseDeleteFlow(c, f, active[0].ID)
	}
	if form.Get("choice") == "forget" {
		if err := s.Engine.DropStates(ctx, f); err != nil {
			view := s.confirmFlow(c, f)
			view.Errors = map[string]string{"choice": "The position could not be removed: " + problemLine(err) + " Keep it, or try again later."}
			return s.refused(c, page.ConfirmPage(view))
		}
	}
	if err := s.Flows.DeleteFlow(ctx, f.ID); err != nil {
		return fmt.Errorf("delete the flow: %w", err)
	}
	s.flash(ctx, "ok", "Flow "+f.Name+" is deleted.")
	return redirect(c, page.FlowsPath)
}

func (s *Server) refuseDeleteFlow(c echo.Context, f flows.Flow, runID string) error {
	view := s.confirmFlow(c, f)
	view.Refusal = "The flow is running"
	view.Users = []page.Ref{{Label: "Run " + runID + ": cancel it or wait for its end", Href: page.One(page.RunsPath, runID)}}
	return s.confirm(c, http.StatusConflict, view)
}
