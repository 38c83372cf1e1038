package flows_test

import (
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"leat/flows"
)

// due returns the next n due times as local text with the offset.
func due(t *testing.T, cron, zone, after string, n int) (texts []string) {
	t.Helper()
	start, err := time.Parse(time.RFC3339, after)
	if err != nil {
		t.Fatal(err)
	}
	times, err := flows.Schedule{Cron: cron, TimeZone: zone}.Next(start, n)
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range times {
		texts = append(texts, at.Format(time.RFC3339))
	}
	return texts
}

func TestNext(t *testing.T) {
	for _, test := range []struct {
		name, cron, zone, after string
		want                    []string
	}{
		{"daily", "0 6 * * *", "", "2026-11-21T06:00:00Z", []string{"2026-11-22T06:00:00Z", "2026-11-23T06:00:00Z"}},
		{"quarters", "*/15 * * * *", "UTC", "2026-11-21T05:50:00Z", []string{"2026-11-21T06:00:00Z", "2026-11-21T06:15:00Z"}},
		{"working days", "0 6 * * 1-5", "Europe/Prague", "2026-11-20T06:00:00+01:00", []string{"2026-11-23T06:00:00+01:00"}},
		{"leap day", "0 0 29 2 *", "", "2026-01-01T00:00:00Z", []string{"2028-02-29T00:00:00Z"}},
		{
			"gap, Prague", "30 2 * * *", "Europe/Prague", "2026-03-28T02:30:00+01:00",
			[]string{"2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00"},
		},
		{
			"gap with several runs in it happens once", "*/20 2 * * *", "Europe/Prague", "2026-03-29T00:00:00+01:00",
			[]string{"2026-03-29T03:00:00+02:00", "2026-03-30T02:00:00+02:00"},
		},
		{"gap, Los Angeles", "0 2 * * *", "America/Los_Angeles", "2026-03-07T12:00:00-08:00", []string{"2026-03-08T03:00:00-07:00"}},
		{"gap at midnight, Cairo", "0 0 * * *", "Africa/Cairo", "2026-04-23T12:00:00+02:00", []string{"2026-04-24T01:00:00+03:00"}},
		{"gap at midnight, São Paulo", "0 0 * * *", "America/Sao_Paulo", "2018-11-03T12:00:00-03:00", []string{"2018-11-04T01:00:00-02:00"}},
		{
			"gap, every hour", "30 * * * *", "Europe/Prague", "2026-03-29T00:45:00+01:00",
			[]string{"2026-03-29T01:30:00+01:00", "2026-03-29T03:30:00+02:00"},
		},
		{
			"fold, Prague", "30 2 * * *", "Europe/Prague", "2026-10-24T12:00:00+02:00",
			[]string{"2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"},
		},
		{"fold, asked in between", "30 2 * * *", "Europe/Prague", "2026-10-25T02:30:00+02:00", []string{"2026-10-26T02:30:00+01:00"}},
		{
			"fold, every half hour", "*/30 * * * *", "Europe/Prague", "2026-10-25T01:45:00+02:00",
			[]string{
				"2026-10-25T02:00:00+02:00", "2026-10-25T02:30:00+02:00", "2026-10-25T02:00:00+01:00", "2026-10-25T02:30:00+01:00",
				"2026-10-25T03:00:00+01:00",
			},
		},
		{
			"fold, every hour, asked inside", "0 * * * *", "Europe/Prague", "2026-10-25T02:30:00+02:00",
			[]string{"2026-10-25T02:00:00+01:00", "2026-10-25T03:00:00+01:00"},
		},
		{
			"fold of half an hour, Lord Howe", "45 1 * * *", "Australia/Lord_Howe", "2026-04-04T12:00:00+11:00",
			[]string{"2026-04-05T01:45:00+11:00", "2026-04-06T01:45:00+10:30"},
		},
		{
			"fold of half an hour, every hour", "45 * * * *", "Australia/Lord_Howe", "2026-04-05T01:00:00+11:00",
			[]string{"2026-04-05T01:45:00+11:00", "2026-04-05T01:45:00+10:30", "2026-04-05T02:45:00+10:30"},
		},
		{"manual", "", "Europe/Prague", "2026-10-25T02:30:00+02:00", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, due(t, test.cron, test.zone, test.after, max(len(test.want), 1))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Due times rise, lie after the asked moment, and asking one by one gives the same.
func TestNextIsSteady(t *testing.T) {
	zones := []string{"UTC", "Europe/Prague", "America/Los_Angeles", "Africa/Cairo", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia"}
	crons := []string{"*/15 * * * *", "0 * * * *", "30 2 * * *", "*/20 1-3 * * *", "0 0 * * 0", "5 */6 1,15 * *", "0 0 1 * 1"}
	rapid.Check(t, func(t *rapid.T) {
		s := flows.Schedule{Cron: rapid.SampledFrom(crons).Draw(t, "cron"), TimeZone: rapid.SampledFrom(zones).Draw(t, "zone")}
		after := time.Unix(rapid.Int64Range(1_300_000_000, 1_900_000_000).Draw(t, "after"), 0)
		many, err := s.Next(after, 20)
		if err != nil || len(many) != 20 {
			t.Fatalf("%d times, %v", len(many), err)
		}
		for i, at := range many {
			next, err := s.Next(after, 1)
			if err != nil || !at.After(after) || !next[0].Equal(at) {
				t.Fatalf("time %d is %v; one by one after %v it is %v (%v)", i, at, after, next, err)
			}
			after = at
		}
	})
}

func TestScheduleProblems(t *testing.T) {
	for _, test := range []struct {
		schedule flows.Schedule
		field    string
	}{
		{flows.Schedule{}, ""},
		{flows.Schedule{Cron: "0 6 * * MON-FRI", TimeZone: "Europe/Prague", Missed: "each", Overlap: "queue"}, ""},
		{flows.Schedule{Cron: "0 6 * *"}, "cron"},
		{flows.Schedule{Cron: "0 0 6 * * *"}, "cron"},
		{flows.Schedule{Cron: "@daily"}, "cron"},
		{flows.Schedule{Cron: "TZ=UTC 0 6 * * *"}, "cron"},
		{flows.Schedule{Cron: "CRON_TZ=Europe/Prague 0 6 * * *"}, "cron"},
		{flows.Schedule{Cron: "TZ= 6 * * *"}, "cron"},
		{flows.Schedule{Cron: "60 6 * * *"}, "cron"},
		{flows.Schedule{Cron: "0 6 31 2 *"}, "cron"},
		{flows.Schedule{Cron: "*/0 * * * *"}, "cron"},
		{flows.Schedule{Cron: "0 6 * * *", TimeZone: "Europe/Nowhere"}, "time_zone"},
		{flows.Schedule{Cron: "0 6 * * *", TimeZone: "Local"}, "time_zone"},
		{flows.Schedule{Cron: "0 6 * * *", TimeZone: "../../etc/passwd"}, "time_zone"},
		{flows.Schedule{Missed: "always"}, "missed"},
		{flows.Schedule{Overlap: "always"}, "overlap"},
	} {
		mustProblem(t, test.schedule.Validate(), test.field)
		if test.field == "cron" {
			if _, err := test.schedule.Next(time.Now(), 1); err == nil {
				t.Errorf("%+v has due times", test.schedule)
			}
		}
	}
}

func FuzzSchedule(f *testing.F) {
	for _, seed := range []string{"*/15 * * * *", "0 6 * * 1-5", "TZ=0 * * * *", "1-60/0 * * * *", "@every 1s", "0 0 L * ?"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s := flows.Schedule{Cron: text, TimeZone: "Europe/Prague"}
		times, err := s.Next(time.Date(2026, 3, 29, 0, 0, 0, 0, time.UTC), 3)
		if (err == nil) != (s.Validate() == nil) {
			t.Errorf("%q: next says %v, validation says %v", text, err, s.Validate())
		}
		for i, at := range times {
			if i > 0 && !at.After(times[i-1]) {
				t.Errorf("%q: %v", text, times)
			}
		}
	})
}
