package tui_test

import (
	"fmt"
	"time"

	"signalbox/machines/intersection"
	"signalbox/machines/migration"
	"signalbox/machines/vending"
	"signalbox/tui"
)

var start = time.Date(2026, time.January, 5, 8, 0, 0, 0, time.UTC)

func after(d time.Duration) time.Time { return start.Add(d) }

// crossing is the intersection in the middle of the north-south green.
func crossing() tui.Snapshot {
	state := func(name, kind, comment string, next ...string) tui.State {
		st := tui.State{Name: name, Type: kind, Comment: comment}
		for _, n := range next {
			st.Next = append(st.Next, tui.Next{State: n})
		}
		if kind == "Task" {
			st.Next = append(st.Next,
				tui.Next{State: "FlashingRed", Label: "on Interlock.Conflict, Interlock.Clearance"},
				tui.Next{State: "FlashingRed", Label: "on States.ALL"})
		}
		return st
	}
	s := tui.Snapshot{
		Machine: "intersection", Driver: "sim", Time: after(73*time.Second + 400*time.Millisecond), Start: start, Speed: 1,
		Status: "RUNNING", Current: "NorthSouthMinimumGreen", Since: after(70 * time.Second),
		Last: tui.Transition{From: "NorthSouthGreen", To: "NorthSouthMinimumGreen", Reason: "set-signals succeeded"},
		States: []tui.State{
			state("PowerUp", "Pass", "", "StartUp"),
			state("StartUp", "Task", "Red on all heads at once.", "StartUpAllRed"),
			state("StartUpAllRed", "Wait", "No green before everybody has seen red for 6 s.", "NorthSouthReadCalls"),
		},
		World: intersection.View{
			Queue: [4]int{0, 3, 1, 9}, Crossing: [4]int{1, 0, 0, 0}, Passed: 17,
			Pedestrians: [2]int{0, 2}, Walking: [2]int{1, 0},
		},
	}
	for _, road := range [][2]string{{"NorthSouth", "EastWest"}, {"EastWest", "NorthSouth"}} {
		p := road[0]
		s.States = append(
			s.States,
			state(p+"ReadCalls", "Task", "Which pedestrians and cars wait?", p+"PedestriansWait"),
			tui.State{Name: p + "PedestriansWait", Type: "Choice", Next: []tui.Next{
				{State: p + "GreenAndWalk", Label: "$.calls.pedestrians is true"}, {State: p + "Green", Label: "else"},
			}},
			state(p+"GreenAndWalk", "Task", "The pedestrians walk along the road that has green.", p+"Walk"),
			state(p+"Walk", "Wait", "7 s to step off the kerb.", p+"PedestrianClearance"),
			state(p+"PedestrianClearance", "Wait", "36 ft at 3.5 ft/s: 11 s.", p+"Hold"),
			state(p+"Green", "Task", "Refused unless the other road has shown red for 2 s.", p+"MinimumGreen"),
			state(p+"MinimumGreen", "Wait", "Long enough for the first cars.", p+"Hold"),
			state(p+"Hold", "Task", "Green until the other road has a call, or 30 s.", p+"Amber"),
			state(p+"Amber", "Task", "Drivers who can stop do so.", p+"AllRed"),
			state(p+"AllRed", "Wait", "The last car leaves the crossing.", road[1]+"ReadCalls"),
		)
	}
	s.States = append(s.States, state("FlashingRed", "Task", "The fail-safe: everything flashes red.", "PowerUp"),
		state("OutOfOrder", "Fail", ""))
	for _, approach := range []string{"north-south", "east-west"} {
		ns := approach == "north-south"
		for _, l := range []struct {
			name         string
			output, high bool
		}{
			{"red", true, !ns},
			{"amber", true, false},
			{"green", true, ns},
			{"walk", true, ns},
			{"dont-walk", true, !ns},
			{"button", false, !ns},
			{"detector", false, true},
		} {
			s.Lines = append(s.Lines, tui.Line{
				Name: approach + "." + l.name, Output: l.output, High: l.high, ChangedAt: after(70 * time.Second),
			})
		}
	}
	s.Log = []tui.LogLine{
		{Time: after(64 * time.Second), Kind: "state", Text: "EastWestAmber", Why: "await-call succeeded"},
		{Time: after(64 * time.Second), Kind: "pin", Text: "east-west.amber on", Why: "set-signals (EastWestAmber)"},
		{Time: after(68 * time.Second), Kind: "pin", Text: "east-west.amber off", Why: "set-signals (EastWestAllRed)"},
		{Time: after(68 * time.Second), Kind: "pin", Text: "east-west.red on", Why: "set-signals (EastWestAllRed)"},
		{Time: after(70 * time.Second), Kind: "pin", Text: "north-south.green on", Why: "set-signals (NorthSouthGreen)"},
		{Time: after(70 * time.Second), Kind: "state", Text: "NorthSouthMinimumGreen", Why: "set-signals succeeded"},
		{Time: after(73 * time.Second), Kind: "pin", Text: "east-west.button pressed", Why: "key"},
		{Time: after(73 * time.Second), Kind: "note", Text: "call for east-west walk"},
	}
	return s
}

// front is the vending machine in the middle of a sale.
func front() tui.Snapshot {
	broken := tui.Next{State: "OutOfOrder", Label: "on States.ALL"}
	s := tui.Snapshot{
		Machine: "vending", Driver: "sim", Time: after(9*time.Second + 250*time.Millisecond), Start: start, Speed: 2,
		Status: "RUNNING", Current: "Vend", Since: after(8 * time.Second),
		Last: tui.Transition{From: "WhatDidTheyDo", To: "Vend", Reason: "$.did is \"select\""},
		States: []tui.State{
			{Name: "WaitingForCustomer", Type: "Task", Next: []tui.Next{{State: "WhatDidTheyDo"}, broken}},
			{Name: "WaitingForMore", Type: "Task", Next: []tui.Next{
				{State: "WhatDidTheyDo"}, {State: "ReturnCoins", Label: "on States.Timeout"}, broken,
			}},
			{Name: "WhatDidTheyDo", Type: "Choice", Next: []tui.Next{
				{State: "ReturnCoins", Label: "$.did is \"return\""},
				{State: "Vend", Label: "$.did is \"select\""},
				{State: "WaitingForMore", Label: "$.credit > 0"},
				{State: "WaitingForCustomer", Label: "else"},
			}},
			{Name: "Vend", Type: "Task", Comment: "Turns the column's spiral once", Next: []tui.Next{
				{State: "IsThereChange"},
				{State: "WaitingForMore", Label: "on Vend.NotPaid"},
				{State: "SoldOut", Label: "on Vend.SoldOut"},
				{State: "Sorry", Label: "on Vend.NoDrop, Vend.Jam"},
			}},
			{Name: "IsThereChange", Type: "Choice", Next: []tui.Next{
				{State: "PayChange", Label: "$.change > 0"}, {State: "ThankYou", Label: "else"},
			}},
			{Name: "PayChange", Type: "Task", Next: []tui.Next{{State: "ThankYou"}, broken}},
			{Name: "ThankYou", Type: "Task", Next: []tui.Next{{State: "WaitingForCustomer"}, broken}},
			{Name: "SoldOut", Type: "Task", Next: []tui.Next{{State: "WaitingForMore"}, broken}},
			{Name: "Sorry", Type: "Task", Next: []tui.Next{{State: "ReturnCoins"}, broken}},
			{Name: "ReturnCoins", Type: "Task", Next: []tui.Next{{State: "WaitingForCustomer"}, broken}},
			{Name: "OutOfOrder", Type: "Task", Next: []tui.Next{{State: "OutOfService"}}},
			{Name: "OutOfService", Type: "Wait", Next: []tui.Next{{State: "OutOfService"}}},
		},
		World: vending.View{
			Display: "credit 3.25", Credit: 325, Tray: 2, Cup: 25, Doubt: 250, Accepting: true,
			Tubes: []vending.Tube{{Value: 100, Coins: 12}, {Value: 25, Coins: 40}},
			Columns: []vending.Shelf{
				{Column: vending.Column{Name: "chips", Price: 300, Stock: 5}},
				{Column: vending.Column{Name: "chocolate", Price: 250, Stock: 2}, Out: "doubt"},
				{Column: vending.Column{Name: "nuts", Price: 300, Stock: 0}},
			},
		},
	}
	for _, l := range []struct {
		name         string
		output, high bool
	}{
		{"motor-1", true, true},
		{"motor-2", true, false},
		{"motor-3", true, false},
		{"hopper-25", true, false},
		{"exact-change", true, false},
		{"coin", false, false},
		{"hopper-25-exit", false, false},
		{"drop", false, true},
		{"home-1", false, false},
		{"home-2", false, true},
		{"home-3", false, true},
		{"select-1", false, true},
		{"select-2", false, false},
		{"select-3", false, false},
		{"coin-return", false, false},
	} {
		s.Lines = append(s.Lines, tui.Line{Name: l.name, Output: l.output, High: l.high})
	}
	for i := range 13 {
		word := "pressed"
		if i%2 == 1 {
			word = "released"
		}
		s.Log = append(s.Log, tui.LogLine{
			Time: after(2*time.Second + time.Duration(i)*50*time.Millisecond), Kind: "pin", Text: "coin " + word, Why: "key",
		})
	}
	s.Log = append(
		s.Log,
		tui.LogLine{Time: after(7 * time.Second), Kind: "note", Text: "coin 1.25, credit 3.25"},
		tui.LogLine{Time: after(8 * time.Second), Kind: "pin", Text: "select-1 pressed", Why: "key"},
		tui.LogLine{Time: after(8 * time.Second), Kind: "state", Text: "Vend", Why: "$.did is \"select\""},
		tui.LogLine{Time: after(8 * time.Second), Kind: "pin", Text: "motor-1 on", Why: "vend (Vend)"},
	)
	s.Dropped = 100
	return s
}

// garage is a board without a picture of its own.
func garage() tui.Snapshot {
	return tui.Snapshot{
		Machine: "garage-door", Driver: "gpio", Time: after(3 * time.Second), Start: start, Speed: 1,
		Status: "FAILED", Current: "Opening", Since: after(time.Second),
		Problem: "Hardware.Line: gpio: line motor-up: held by \"pigpiod\"",
		Last:    tui.Transition{From: "Closed", To: "Opening", Reason: "button pressed"},
		States: []tui.State{
			{Name: "Closed", Type: "Task", Next: []tui.Next{{State: "Opening"}}},
			{Name: "Opening", Type: "Task", Next: []tui.Next{{State: "Open"}}},
			{Name: "Open", Type: "Wait", Next: []tui.Next{{State: "Closing"}}},
			{Name: "Closing", Type: "Task", Next: []tui.Next{{State: "Closed"}, {State: "Opening", Label: "on Beam.Broken"}}},
		},
		Lines: []tui.Line{
			{Name: "motor-up", Output: true, High: true, ChangedAt: after(time.Second)},
			{Name: "motor-down", Output: true},
			{Name: "lamp", Output: true, High: true},
			{Name: "button"},
			{Name: "beam", High: true},
			{Name: "end-up"},
			{Name: "end-down"},
		},
		Log: []tui.LogLine{
			{Time: after(0), Kind: "state", Text: "Closed"},
			{Time: after(time.Second), Kind: "state", Text: "Opening", Why: "button pressed"},
			{Time: after(time.Second), Kind: "pin", Text: "motor-up on", Why: "gpio-write (Opening)"},
			{
				Time: after(3 * time.Second), Kind: "error", Text: "Hardware.Line",
				Why: "gpio: line motor-up: held by \"pigpiod\"",
			},
		},
	}
}

// moving is a migration in the middle of a batch, with two entries that could not be moved.
func moving() tui.Snapshot {
	stop := tui.Next{State: "ReportStopped", Label: "Catch States.ALL"}
	return tui.Snapshot{
		Machine: "migration-batch", Driver: "live", Time: after(12 * time.Second), Start: start, Speed: 1,
		Status: "RUNNING", Current: "MoveBatch", Active: []string{"MoveBatch", "MoveBatch"}, Since: after(11 * time.Second),
		Last: tui.Transition{From: "", To: "MoveBatch", Reason: "StartAt"},
		States: []tui.State{
			{Name: "Seed", Type: "Task", Next: []tui.Next{{State: "FromTheBeginning"}, stop}},
			{Name: "FromTheBeginning", Type: "Pass", Next: []tui.Next{{State: "NextBatches"}}},
			{Name: "NextBatches", Type: "Task", Next: []tui.Next{{State: "IsThereOne"}, stop}},
			{Name: "EachBatch", Type: "Map", Next: []tui.Next{{State: "NextBatches"}, stop}},
			{Name: "MoveBatch", Type: "Task"},
			{Name: "ReportStopped", Type: "Task", Next: []tui.Next{{State: "Stopped"}}},
		},
		World: migration.View{
			Source: "/var/lib/old/customers.db", Target: "postgres://mover:xxxxx@db.example.org:5432/customers?sslmode=require",
			Phase: migration.Copying, Done: 342_518, Of: 1_000_000,
			Pending: 657_482, Moved: 342_516, Failed: 2, Rate: 51_234.5, Left: 12_830 * time.Millisecond,
			Failures: []string{
				"entry 17 could not be moved: Migration.Rejected: the target: ERROR: invalid byte sequence (SQLSTATE 22021)",
				"entry 2409 could not be moved: Migration.Conflict: the target has another entry 2409",
			},
		},
		Log: []tui.LogLine{
			{Time: after(0), Kind: "note", Text: "1,000,000 entries in the source, 1,000,000 still to be moved"},
			{Time: after(11 * time.Second), Kind: "state", Text: "MoveBatch", Why: "StartAt"},
		},
	}
}

// nested is a Parallel in which one branch has ended and two go on, one of them in a Map, and a Task fails now and then.
func nested() tui.Snapshot {
	return tui.Snapshot{
		Machine: "nested", Driver: "sim", Time: after(9 * time.Second), Start: start, Speed: 1, Status: "RUNNING",
		Current: "Long", Active: []string{"Both", "Long", "Each", "Item", "Item"}, Since: after(3 * time.Second),
		Last:    tui.Transition{From: "Short", To: "Long", Reason: "Next"},
		Problem: "Hardware.Line: gpio: line motor-up: write /dev/gpiochip0: remote I/O error; all outputs are at their safe levels",
		States: []tui.State{
			{Name: "Both", Type: "Parallel", Next: []tui.Next{{State: "Fin"}}},
			{Name: "Short", Type: "Wait", Depth: 1, Next: []tui.Next{{State: "Long"}}},
			{Name: "Long", Type: "Wait", Depth: 1},
			{Name: "Done", Type: "Pass", Depth: 1},
			{Name: "Each", Type: "Map", Depth: 1},
			{Name: "Item", Type: "Task", Depth: 2},
			{Name: "Fin", Type: "Succeed"},
		},
		Log: []tui.LogLine{{Time: after(3 * time.Second), Kind: "state", Text: "Long", Why: "Short: Next"}},
	}
}

// pushed records what keys did.
type pushed struct{ calls []string }

func (p *pushed) options(keys ...tui.Key) tui.Options {
	for i := range keys {
		name := keys[i].Key
		keys[i].Do = func() { p.calls = append(p.calls, "key "+name) }
	}
	return tui.Options{
		Keys:        keys,
		TogglePause: func() { p.calls = append(p.calls, "pause") },
		SetSpeed:    func(f float64) { p.calls = append(p.calls, fmt.Sprint("speed ", f)) },
		Push:        func(line string) { p.calls = append(p.calls, "push "+line) },
		Hold:        func(line string) { p.calls = append(p.calls, "hold "+line) },
		NoColor:     true,
	}
}

var (
	crossingKeys = []tui.Key{
		{Key: "n", Help: "walk north-south", Line: "north-south.button"},
		{Key: "e", Help: "walk east-west", Line: "east-west.button"},
	}
	frontKeys = []tui.Key{
		{Key: "c", Help: "coin 0.25", Line: "coin"},
		{Key: "h", Help: "coin 0.50", Line: "coin"},
		{Key: "d", Help: "coin 1.00", Line: "coin"},
		{Key: "t", Help: "coin 2.00", Line: "coin"},
		{Key: "1", Help: "chips", Line: "select-1"},
		{Key: "2", Help: "chocolate", Line: "select-2"},
		{Key: "3", Help: "nuts", Line: "select-3"},
		{Key: "r", Help: "coin return", Line: "coin-return"},
	}
)
