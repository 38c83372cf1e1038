package flows

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"leat/connectors"
)

// cronFields is how many fields a schedule has: minute, hour, day of month, month, day
// of week.
const cronFields = 5

// The widest shift of clocks that has to be looked at.
const (
	zoneMargin = 24 * time.Hour
	foldMargin = 3 * time.Hour
)

// The policies of a schedule. The empty ones mean once and skip.
var (
	missedPolicies  = []string{"", "skip", "once", "each"}
	overlapPolicies = []string{"", "skip", "queue"}
)

// Validate checks the schedule; its error is connectors.Problems with the fields cron,
// time_zone, missed and overlap. A manual schedule is fine.
func (s Schedule) Validate() error {
	problems := connectors.Problems{}
	if !slices.Contains(missedPolicies, s.Missed) {
		problems.Add("missed", "is not known: use skip, once or each")
	}
	if !slices.Contains(overlapPolicies, s.Overlap) {
		problems.Add("overlap", "is not known: use skip or queue")
	}
	if _, err := s.location(); err != nil {
		problems.Add("time_zone", err.Error())
	}
	if !s.Manual() {
		if _, err := s.parse(); err != nil {
			problems.Add("cron", err.Error())
		}
	}
	return problems.OrNil()
}

// Next returns the first n due times after a moment, in the schedule's zone; none for a
// manual schedule. Where clocks go forward, a run that is daily or rarer and falls into
// the missing hour is due at the first moment after it. Where they go back, it is due
// once, at the first of the two. A schedule for every hour of the day follows the hours
// as they really pass.
func (s Schedule) Next(after time.Time, n int) ([]time.Time, error) {
	if s.Manual() || n <= 0 {
		return nil, nil
	}
	zone, err := s.location()
	if err != nil {
		return nil, err
	}
	spec, err := s.parse()
	if err != nil {
		return nil, err
	}
	return dueTimes(spec, zone, after, n), nil
}

func (s Schedule) location() (*time.Location, error) {
	if s.TimeZone == "" {
		return time.UTC, nil
	}
	zone, err := time.LoadLocation(s.TimeZone)
	if err != nil || s.TimeZone == "Local" {
		return nil, errors.New("is not the name of a time zone: write one such as Europe/Prague, or UTC")
	}
	return zone, nil
}

// parse reads the five fields. The library may panic on odd input.
func (s Schedule) parse() (spec *cron.SpecSchedule, err error) {
	defer func() {
		if recover() != nil {
			spec, err = nil, errors.New("cannot be read: write minute, hour, day of month, month and day of week")
		}
	}()
	if strings.Contains(s.Cron, "=") {
		return nil, errors.New("holds a time zone: take it out and choose the zone in its own field")
	}
	if count := len(strings.Fields(s.Cron)); count != cronFields {
		return nil, fmt.Errorf("has %d fields instead of %d: write minute, hour, day of month, month and day of week", count, cronFields)
	}
	parser := cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow)
	schedule, err := parser.Parse(s.Cron)
	if err != nil {
		return nil, fmt.Errorf("cannot be read (%w): write it like 0 6 * * 1-5", err)
	}
	spec, ok := schedule.(*cron.SpecSchedule)
	if !ok {
		return nil, errors.New("is not a list of five fields: write it like 0 6 * * 1-5")
	}
	// Wall clocks are computed in UTC, where none is missing or doubled.
	spec.Location = time.UTC
	if spec.Next(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return nil, errors.New("names a date that never comes: correct the day or the month")
	}
	return spec, nil
}

// everyHour tells a schedule that runs in all 24 hours from one at fixed hours.
func everyHour(spec *cron.SpecSchedule) bool {
	const allHours = 1<<24 - 1
	return spec.Hour&allHours == allHours
}

// dueTimes walks the wall clocks of the schedule and finds the moments at which the
// zone shows them. It starts before the clock of after and ends behind the n-th moment,
// since doubled hours come in another order than their clocks.
func dueTimes(spec *cron.SpecSchedule, zone *time.Location, after time.Time, n int) []time.Time {
	var due []time.Time
	clock := wallClock(after.In(zone)).Add(-foldMargin)
	for {
		if clock = spec.Next(clock); clock.IsZero() {
			break
		}
		if len(due) >= n && clock.After(wallClock(due[n-1]).Add(foldMargin)) {
			break
		}
		for _, moment := range moments(clock, zone, everyHour(spec)) {
			if moment.After(after) {
				due = append(due, moment)
			}
		}
		slices.SortFunc(due, time.Time.Compare)
		due = slices.CompactFunc(due, time.Time.Equal)
	}
	return due[:min(n, len(due))]
}

// wallClock is what a clock shows at t, as a time in UTC.
func wallClock(t time.Time) time.Time {
	_, offset := t.Zone()
	return t.UTC().Add(time.Duration(offset) * time.Second)
}

// moments returns when the zone's clocks show clock. A missing clock gives the first
// moment after the gap, unless every hour runs anyway; a doubled one gives the first
// moment, or both when every hour runs.
func moments(clock time.Time, zone *time.Location, every bool) []time.Time {
	var found []time.Time
	for _, near := range []time.Duration{-zoneMargin, zoneMargin} {
		_, offset := clock.Add(near).In(zone).Zone()
		moment := clock.Add(-time.Duration(offset) * time.Second).In(zone)
		if wallClock(moment).Equal(clock) && !slices.ContainsFunc(found, moment.Equal) {
			found = append(found, moment)
		}
	}
	slices.SortFunc(found, time.Time.Compare)
	switch {
	case len(found) == 0 && !every:
		return []time.Time{endOfGap(clock, zone)}
	case len(found) > 1 && !every:
		return found[:1]
	default:
		return found
	}
}

// endOfGap returns the moment at which the clocks jumped over clock.
func endOfGap(clock time.Time, zone *time.Location) time.Time {
	_, before := clock.Add(-zoneMargin).In(zone).Zone()
	start, _ := clock.Add(-time.Duration(before) * time.Second).In(zone).ZoneBounds()
	return start.In(zone)
}
