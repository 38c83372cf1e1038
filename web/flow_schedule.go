package web

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"leat/flows"
	"leat/ui/component"
	"leat/ui/page"
)

// shownDue is how many coming runs the schedule card shows.
const shownDue = 5

// scheduleForm fills the schedule card.
func (s *Server) scheduleForm(schedule flows.Schedule) page.ScheduleForm {
	form := page.ScheduleForm{
		Preset: presetManual, Cron: strings.TrimSpace(schedule.Cron), TimeZone: schedule.TimeZone, Zones: commonZones,
		Missed: schedule.Missed, Overlap: schedule.Overlap, Sentence: scheduleSentence(schedule),
	}
	if form.TimeZone == "" {
		form.TimeZone = s.zone()
	}
	if form.Missed == "" {
		form.Missed = "once"
	}
	if form.Overlap == "" {
		form.Overlap = "skip"
	}
	if schedule.Manual() {
		return form
	}
	form.Preset = presetCustom
	if slices.ContainsFunc(page.SchedulePresets(), func(o component.Option) bool { return o.Value == schedule.Cron }) {
		form.Preset = schedule.Cron
	}
	due, err := schedule.Next(s.Now(), shownDue)
	if err != nil {
		form.Notes = append(form.Notes, "The schedule "+err.Error()+".")
		return form
	}
	if !s.Schedules {
		form.Notes = append(form.Notes, "The schedule is kept, but this version of Leat starts no runs by itself. Start them with Run now or leat run.")
		return form
	}
	for _, at := range due {
		form.NextRuns = append(form.NextRuns, at.Format("Mon 2 Jan 15:04 -07:00"))
	}
	form.Notes = clockNotes(schedule, due)
	return form
}

// clockNotes tells when the clocks change between the shown runs.
func clockNotes(schedule flows.Schedule, due []time.Time) []string {
	var notes []string
	for i := 1; i < len(due); i++ {
		_, before := due[i-1].Zone()
		_, after := due[i].Zone()
		if before == after {
			continue
		}
		how := "forward: a run in the missing hour starts right after it"
		if after < before {
			how = "back: a run in the doubled hour starts once"
		}
		notes = append(notes, fmt.Sprintf("Before %s the clocks of %s go %s.", due[i].Format("2 Jan 2006"), zoneName(schedule), how))
	}
	return notes
}

func zoneName(schedule flows.Schedule) string {
	if schedule.TimeZone == "" {
		return "UTC"
	}
	return schedule.TimeZone
}

// scheduleSentence says in words when a flow runs.
func scheduleSentence(schedule flows.Schedule) string {
	if schedule.Manual() {
		return "Only when someone starts it"
	}
	for _, preset := range page.SchedulePresets() {
		if preset.Value == schedule.Cron {
			return preset.Label + ", " + zoneName(schedule)
		}
	}
	return strings.TrimSpace(schedule.Cron) + ", " + zoneName(schedule)
}

// zone is the proposal for new schedules: this machine's, when it has a name.
func (s *Server) zone() string {
	if name := s.Now().Location().String(); name != "Local" && name != "" {
		return name
	}
	if name := time.Local.String(); name != "Local" {
		return name
	}
	return "UTC"
}

// commonZones are proposals; every IANA name is taken.
var commonZones = []string{
	"UTC", "Europe/London", "Europe/Paris", "Europe/Berlin", "Europe/Prague", "Europe/Warsaw", "Europe/Madrid", "Europe/Rome",
	"Europe/Athens", "Europe/Helsinki", "Europe/Istanbul", "America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles",
	"America/Sao_Paulo", "Africa/Johannesburg", "Africa/Lagos", "Asia/Dubai", "Asia/Kolkata", "Asia/Singapore", "Asia/Shanghai",
	"Asia/Tokyo", "Australia/Sydney", "Pacific/Auckland",
}
