package tui_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"signalbox/machines/intersection"
	"signalbox/machines/vending"
	"signalbox/tui"
)

// press sends keys by their names and does what they ask for. It reports whether the screen quits.
func press(t *testing.T, m tea.Model, keys ...string) (tea.Model, bool) {
	t.Helper()
	named := map[string]tea.Key{
		"tab": {Code: tea.KeyTab}, "shift+tab": {Code: tea.KeyTab, Mod: tea.ModShift},
		"space": {Code: tea.KeySpace, Text: " "},
		"up":    {Code: tea.KeyUp}, "down": {Code: tea.KeyDown}, "pgup": {Code: tea.KeyPgUp}, "pgdown": {Code: tea.KeyPgDown},
		"home": {Code: tea.KeyHome}, "end": {Code: tea.KeyEnd}, "esc": {Code: tea.KeyEscape},
		"ctrl+c": {Code: 'c', Mod: tea.ModCtrl}, "enter": {Code: tea.KeyEnter},
	}
	quit := false
	for _, name := range keys {
		k, ok := named[name]
		if !ok {
			k = tea.Key{Code: []rune(name)[0], Text: name}
		}
		var cmd tea.Cmd
		m, cmd = m.Update(tea.KeyPressMsg(k))
		if cmd != nil {
			if _, ok := cmd().(tea.QuitMsg); ok {
				quit = true
			}
		}
	}
	return m, quit
}

func TestKeysOfTheMachineDoWhatTheyAreFor(t *testing.T) {
	var p pushed
	m := screen(p.options(frontKeys...), 80, 24, front())
	press(t, m, "c", "1", "x", "r")
	if diff := cmp.Diff([]string{"key c", "key 1", "key r"}, p.calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

func TestUpdateItselfCallsNothing(t *testing.T) {
	var p pushed
	m := screen(p.options(frontKeys...), 80, 24, front())
	_, cmd := m.Update(tea.KeyPressMsg{Code: 'c', Text: "c"})
	if len(p.calls) > 0 {
		t.Errorf("Update called %q, want it left to the command", p.calls)
	}
	cmd()
	if len(p.calls) != 1 {
		t.Errorf("the command called %q, want key c", p.calls)
	}
}

func TestTheScreensOwnKeysComeFirst(t *testing.T) {
	var p pushed
	m := screen(p.options(tui.Key{Key: "p", Help: "push"}), 80, 24, front())
	press(t, m, "p")
	if diff := cmp.Diff([]string{"pause"}, p.calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

func TestSpeedKeysGoThroughThePaces(t *testing.T) {
	for _, tt := range []struct {
		speed float64
		keys  []string
		want  []string
	}{
		{1, []string{"+", "+", "="}, []string{"speed 2", "speed 5", "speed 10"}},
		{1, []string{"-", "-"}, []string{"speed 0.5", "speed 0.2"}},
		{0.1, []string{"-"}, []string{"speed 0.1"}},
		{1000, []string{"+"}, []string{"speed 1000"}},
		{60, []string{"+"}, []string{"speed 100"}},
		{60, []string{"-"}, []string{"speed 50"}},
		{5000, []string{"-"}, []string{"speed 1000"}},
		{0, []string{"+"}, nil},
		{0, []string{"-"}, []string{"speed 1000"}},
	} {
		var p pushed
		s := front()
		s.Speed = tt.speed
		press(t, screen(p.options(), 80, 24, s), tt.keys...)
		if diff := cmp.Diff(tt.want, p.calls); diff != "" {
			t.Errorf("from ×%v, keys %q (-want +got):\n%s", tt.speed, tt.keys, diff)
		}
	}
}

func TestRealHardwareHasNoPauseSpeedOrPush(t *testing.T) {
	m := screen(tui.Options{}, 80, 24, garage())
	for _, k := range []string{"p", "+", "-", "space"} {
		_, cmd := m.Update(tea.KeyPressMsg{Code: []rune(k)[0], Text: k})
		if cmd != nil {
			t.Errorf("key %q does something, want nothing without the option", k)
		}
	}
	m, _ = press(t, m, "?")
	for _, word := range []string{"pause", "faster", "slower", "push"} {
		if strings.Contains(text(m), word) {
			t.Errorf("the help offers %q without the option:\n%s", word, text(m))
		}
	}
}

func TestQuit(t *testing.T) {
	for _, k := range []string{"q", "ctrl+c"} {
		if _, quit := press(t, screen(tui.Options{}, 80, 24), k); !quit {
			t.Errorf("key %q does not quit", k)
		}
	}
}

func TestTabShowsOnePanelAfterTheOther(t *testing.T) {
	m := screen(tui.Options{NoColor: true}, 40, 20, front())
	active := regexp.MustCompile(`(?m)\[(front|states|lines|log)\]`)
	shown := func() string { return active.FindStringSubmatch(strings.Split(text(m), "\n")[2])[1] }
	got := []string{shown()}
	for _, k := range []string{"tab", "tab", "tab", "tab", "shift+tab", "shift+tab"} {
		m, _ = press(t, m, k)
		got = append(got, shown())
	}
	if diff := cmp.Diff([]string{"front", "states", "lines", "log", "front", "log", "lines"}, got); diff != "" {
		t.Errorf("panels (-want +got):\n%s", diff)
	}
}

func TestSpacePushesAndEnterHoldsTheSelectedInput(t *testing.T) {
	var p pushed
	m := screen(p.options(), 80, 24, front())
	m, _ = press(t, m, "space", "down", "space", "down", "down", "down", "enter", "up", "space")
	// A new snapshot leaves the selection where it is.
	m, _ = m.Update(front())
	press(t, m, "enter", "up", "up", "up", "up", "up", "up", "space")
	want := []string{"push coin", "push hopper-25-exit", "hold home-2", "push home-1", "hold home-1", "push coin"}
	if diff := cmp.Diff(want, p.calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

// A failure is shown in full: in rows of its own where it is too long for the state bar.
func TestAFailureIsReadable(t *testing.T) {
	s := garage()
	s.Problem = `Interlock.Conflict: gpio: board garage: motor-up and motor-down must never be on at the same time: motor-up is on ` +
		`(gpio-write (Opening)), and gpio-write (Closing) asks for motor-down; turn one off before the other`
	for _, size := range [][2]int{{80, 24}, {40, 20}, {200, 60}} {
		// Without blanks: a word with a hyphen may be broken there.
		got := strings.Join(strings.Fields(text(screen(tui.Options{NoColor: true}, size[0], size[1], s))), "")
		if !strings.Contains(got, strings.ReplaceAll(s.Problem, " ", "")) {
			t.Errorf("%d × %d: want %q in\n%s", size[0], size[1], s.Problem, got)
		}
	}
	s.Problem = strings.Repeat("long ", 1000)
	if got := text(screen(tui.Options{NoColor: true}, 80, 24, s)); !strings.Contains(got, "long…") || !strings.Contains(got, "▶") && !strings.Contains(got, "Opening") {
		t.Errorf("want a cut text and the panels:\n%s", got)
	}
}

func TestSelectionStaysInSight(t *testing.T) {
	s := garage()
	s.Lines = nil
	for i := range 40 {
		s.Lines = append(s.Lines, tui.Line{Name: fmt.Sprintf("input-%d", i)})
	}
	m := screen(new(pushed).options(), 80, 24, s)
	for i := range 40 {
		if want := fmt.Sprintf("›input-%d ", i); !strings.Contains(text(m), want) {
			t.Fatalf("after %d times down, no %q in\n%s", i, want, text(m))
		}
		m, _ = press(t, m, "down")
	}
}

func numbered(from, to int) []tui.LogLine {
	var out []tui.LogLine
	for i := from; i < to; i++ {
		out = append(out, tui.LogLine{Time: start, Kind: "note", Text: fmt.Sprintf("entry %d.", i)})
	}
	return out
}

var entry = regexp.MustCompile(`entry (\d+)\.`)

// entries are the log entries in sight.
func entries(m tea.Model) []string {
	var out []string
	for _, match := range entry.FindAllStringSubmatch(text(m), -1) {
		out = append(out, match[1])
	}
	return out
}

func TestLogFollowsUntilSomebodyScrolls(t *testing.T) {
	s := garage()
	s.Log = numbered(0, 100)
	m := screen(tui.Options{}, 80, 24, s)
	n := len(entries(m))
	last := func() string { return entries(m)[n-1] }
	step := func(what, want string) {
		t.Helper()
		if got := last(); got != want || len(entries(m)) != n {
			t.Errorf("%s: last of %d in sight is %s, want %s of %d", what, len(entries(m)), got, want, n)
		}
	}
	grow := func(dropped, end int) {
		s.Log, s.Dropped = numbered(dropped, end), dropped
		m, _ = m.Update(s)
	}
	step("at first", "99")
	grow(0, 120)
	step("new lines", "119")
	m, _ = press(t, m, "pgup")
	step("page up", fmt.Sprint(119-(n-1)))
	grow(20, 150)
	step("new lines while scrolled", fmt.Sprint(119-(n-1)))
	m, _ = m.Update(tea.MouseWheelMsg{Button: tea.MouseWheelUp})
	step("wheel up", fmt.Sprint(119-(n-1)-3))
	m, _ = m.Update(tea.MouseWheelMsg{Button: tea.MouseWheelDown})
	m, _ = press(t, m, "pgdown")
	step("wheel down, page down", "119")
	grow(200, 300)
	step("the lines in sight are gone", fmt.Sprint(200+n-1))
	m, _ = press(t, m, "end")
	step("end", "299")
	m, _ = press(t, m, "home")
	step("home", fmt.Sprint(200+n-1))
	m, _ = press(t, m, "end")
	grow(200, 301)
	step("new lines after end", "300")
}

func TestHelpNamesEveryKeyOfTheMachine(t *testing.T) {
	m := screen(new(pushed).options(frontKeys...), 80, 24, front())
	m, _ = press(t, m, "?")
	for _, k := range frontKeys {
		if !regexp.MustCompile(`(?m)^ *` + k.Key + ` +` + regexp.QuoteMeta(k.Help)).MatchString(text(m)) {
			t.Errorf("no key %q %q in the help:\n%s", k.Key, k.Help, text(m))
		}
	}
	if m, _ = press(t, m, "esc"); !strings.Contains(text(m), " front ") {
		t.Errorf("esc does not close the help:\n%s", text(m))
	}
	// On a small terminal the help can be scrolled to its end.
	m = screen(new(pushed).options(frontKeys...), 40, 20, front())
	if m, _ = press(t, m, "?", "pgdown", "pgdown", "pgdown"); !strings.Contains(text(m), "quit\n") {
		t.Errorf("no end of the help after three pages:\n%s", text(m))
	}
}

func TestEveryStateAndEveryLineIsNamed(t *testing.T) {
	for _, s := range screens {
		snapshot := s.snapshot()
		got := text(screen(s.options, 200, 60, snapshot))
		for _, state := range snapshot.States {
			if !strings.Contains(got, state.Name) {
				t.Errorf("%s: no state %q on\n%s", s.name, state.Name, got)
			}
		}
		if n := strings.Count(got, "▶"); snapshot.Status == "RUNNING" && n != 2 {
			t.Errorf("%s: %d marks of the current state, want one in the list and one above", s.name, n)
		}
		for _, l := range snapshot.Lines {
			name := l.Name[strings.LastIndexByte(l.Name, '.')+1:]
			word := "off|released"
			if l.High {
				word = "on|pressed"
			}
			if !regexp.MustCompile(regexp.QuoteMeta(name) + ` +[●○■□] (` + word + `)`).MatchString(got) {
				t.Errorf("%s: no line %q with the level %s on\n%s", s.name, l.Name, word, got)
			}
		}
	}
}

func TestLampsAreToldByLetters(t *testing.T) {
	s := crossing()
	for _, tt := range []struct {
		high []string
		want string // flat: north-south, then east-west
	}{
		{[]string{"north-south.red", "east-west.green"}, "(R)( )( ) ( )( )(G)"},
		{[]string{"north-south.amber", "east-west.red"}, "( )(A)( ) (R)( )( )"},
		{[]string{"north-south.red", "north-south.amber", "east-west.red"}, "(R)(A)( ) (R)( )( )"},
		{nil, "( )( )( ) ( )( )( )"},
	} {
		s.Lines = slices.Clone(s.Lines)
		for i := range s.Lines {
			s.Lines[i].High = slices.Contains(tt.high, s.Lines[i].Name)
		}
		lines := strings.Split(text(screen(tui.Options{}, 30, 10, s)), "\n")
		if got := lines[3][13:22] + " " + lines[4][13:22]; got != tt.want {
			t.Errorf("%q: heads %q, want %q", tt.high, got, tt.want)
		}
	}
}

func TestMissingLinesAreLeftOut(t *testing.T) {
	s := crossing()
	s.Lines = slices.DeleteFunc(s.Lines, func(l tui.Line) bool {
		return strings.HasSuffix(l.Name, "walk") || strings.HasPrefix(l.Name, "east-west")
	})
	for _, size := range [][2]int{{80, 24}, {40, 20}, {200, 60}, {30, 10}} {
		got := text(screen(tui.Options{}, size[0], size[1], s))
		for _, word := range []string{"WALK", "DON'T", "dark", "(R)"} {
			if strings.Contains(got, word) {
				t.Errorf("%d×%d: %q without its line:\n%s", size[0], size[1], word, got)
			}
		}
		if !strings.Contains(got, "(G)") {
			t.Errorf("%d×%d: no (G), whose line is there:\n%s", size[0], size[1], got)
		}
	}
	v := front()
	v.Lines = nil
	got := text(screen(tui.Options{}, 80, 24, v))
	for _, word := range []string{"drop", "return", "● on", "○ off"} {
		if strings.Contains(got, word) {
			t.Errorf("%q without its line:\n%s", word, got)
		}
	}
}

func TestSeveralStatesAreActive(t *testing.T) {
	marked := regexp.MustCompile(`[▶▷] \S+( \(\+\d+\))?`)
	for _, test := range []struct {
		active []string
		want   []string // the state bar's, then the panel's in the definition's order
	}{
		{nil, []string{"▶ Vend", "▶ Vend"}},
		{[]string{"Vend"}, []string{"▶ Vend", "▶ Vend"}},
		{[]string{"Vend", "Vend"}, []string{"▶ Vend", "▶ Vend"}},
		{[]string{"ThankYou", "Vend"}, []string{"▶ Vend (+1)", "▶ Vend", "▷ ThankYou"}},
		{
			[]string{"SoldOut", "Vend", "WaitingForMore", "SoldOut"},
			[]string{"▶ Vend (+2)", "▷ WaitingForMore", "▶ Vend", "▷ SoldOut"},
		},
	} {
		s := front()
		s.Active = test.active
		got := marked.FindAllString(text(screen(tui.Options{NoColor: true}, 200, 60, s)), -1)
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", test.active, diff)
		}
	}
}

func TestNoColor(t *testing.T) {
	colour := regexp.MustCompile(`\x1b\[[0-9;:]*\b(3[0-8]|4[0-8]|9[0-7]|10[0-7])[;:m]`)
	for _, s := range screens {
		o := s.options
		o.NoColor = true
		if got := colour.FindString(screen(o, 80, 24, s.snapshot()).View().Content); got != "" {
			t.Errorf("%s: colour %q without colours", s.name, got)
		}
		o.NoColor = false
		if colour.FindString(screen(o, 80, 24, s.snapshot()).View().Content) == "" {
			t.Errorf("%s: no colour with colours", s.name)
		}
	}
}

func TestForeignTextCannotDriveTheTerminal(t *testing.T) {
	s := garage()
	evil := "a\x1b[2Jb\x1b]0;title\x07c\rd\ne\tf\u202eg\x9bh"
	s.Machine, s.Current, s.Problem, s.Status = evil, evil, evil, tui.Status(evil)
	s.States[1].Name, s.States[1].Comment = evil, evil
	s.States[1].Next = []tui.Next{{State: evil, Label: evil}}
	s.Lines[0].Name = evil
	s.Log = []tui.LogLine{{Time: start, Kind: tui.LogKind(evil), Text: evil, Why: evil}}
	o := tui.Options{NoColor: true, Keys: []tui.Key{{Key: "k", Help: evil}}}
	for _, size := range [][2]int{{80, 24}, {40, 20}, {200, 60}} {
		m := screen(o, size[0], size[1], s)
		for range 4 {
			m, _ = press(t, m, "tab")
			if got := regexp.MustCompile(`\x1b(?:\[[0-9;:]*m)?`).ReplaceAllStringFunc(m.View().Content, func(seq string) string {
				if strings.HasSuffix(seq, "m") {
					return ""
				}
				return seq
			}); strings.ContainsAny(got, "\x1b\x07\r\t\u202e\u009b") {
				t.Errorf("%d×%d: control characters got through: %q", size[0], size[1], got)
			}
		}
	}
}

// TestFits draws screens of any size with odd contents: no line may be wider, and nothing higher, than the terminal.
func TestFits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, h := rapid.IntRange(1, 220).Draw(t, "w"), rapid.IntRange(1, 70).Draw(t, "h")
		name := rapid.OneOf(
			rapid.SampledFrom([]string{"a", "north-south.red", "日本語の名前", "e\u0301tat", "👩‍🚒 fire", "", "x.", ".y"}),
			rapid.StringN(0, 60, -1),
		)
		number := rapid.IntRange(0, 30)
		s := tui.Snapshot{
			Machine: name.Draw(t, "machine"), Driver: "sim", Time: start, Start: start.Add(-time.Hour),
			Speed: 1, Status: "RUNNING", Since: start,
		}
		for range number.Draw(t, "states") {
			state := tui.State{Name: name.Draw(t, "state"), Type: "Task", Comment: name.Draw(t, "comment")}
			for range rapid.IntRange(0, 3).Draw(t, "nexts") {
				state.Next = append(state.Next, tui.Next{State: name.Draw(t, "next"), Label: name.Draw(t, "label")})
			}
			s.States = append(s.States, state)
			s.Current = state.Name
		}
		for _, state := range s.States {
			if rapid.Bool().Draw(t, "active") {
				s.Active = append(s.Active, state.Name)
			}
		}
		s.Last = tui.Transition{From: name.Draw(t, "from"), To: name.Draw(t, "to"), Reason: name.Draw(t, "reason")}
		s.Problem = name.Draw(t, "problem")
		for range number.Draw(t, "lines") {
			s.Lines = append(s.Lines, tui.Line{
				Name: name.Draw(t, "line"), Output: rapid.Bool().Draw(t, "output"), High: rapid.Bool().Draw(t, "high"),
			})
		}
		for range number.Draw(t, "logs") {
			s.Log = append(s.Log, tui.LogLine{Time: start, Kind: "pin", Text: name.Draw(t, "text"), Why: name.Draw(t, "why")})
		}
		four := func(label string) (a [4]int) {
			for i := range a {
				a[i] = rapid.IntRange(0, 200).Draw(t, label)
			}
			return a
		}
		switch rapid.IntRange(0, 2).Draw(t, "world") {
		case 0:
			q := four("foot")
			s.World = intersection.View{
				Queue: four("queue"), Crossing: four("crossing"), Pedestrians: [2]int{q[0], q[1]}, Walking: [2]int{q[2], q[3]},
			}
			s.Lines = append(s.Lines, crossing().Lines...)
		case 1:
			q := four("stock")
			v := vending.View{Display: name.Draw(t, "display"), Tray: q[3], Cup: 1e6, Owed: 25, Doubt: 1e6, Unknown: q[1], ExactChange: true, Door: true}
			for i := range rapid.IntRange(1, vending.MaxColumns).Draw(t, "columns") {
				c := vending.Column{Name: name.Draw(t, "column"), Price: 300, Stock: q[i%4]}
				v.Columns = append(v.Columns, vending.Shelf{Column: c, Out: rapid.SampledFrom([]string{"", "unseen"}).Draw(t, "out")})
			}
			for range rapid.IntRange(1, vending.MaxTubes).Draw(t, "tubes") {
				v.Tubes = append(v.Tubes, vending.Tube{Value: 25, Coins: 1000 * q[2]})
			}
			s.World = v
			s.Lines = append(s.Lines, front().Lines...)
		}
		m := screen(new(pushed).options(tui.Key{Key: "c", Help: name.Draw(t, "help"), Line: "coin"}), w, h, s)
		tab := tea.KeyPressMsg{Code: tea.KeyTab}
		for i, k := range []tea.KeyPressMsg{tab, tab, tab, {Code: '?', Text: "?"}, tab} {
			if got := lipgloss.Height(m.View().Content); got > h {
				t.Fatalf("view %d: height %d, want at most %d", i, got, h)
			}
			for y, line := range strings.Split(m.View().Content, "\n") {
				if got := lipgloss.Width(line); got > w {
					t.Fatalf("view %d: line %d is %d wide, want at most %d: %q", i, y, got, w, line)
				}
			}
			m, _ = m.Update(k)
		}
	})
}

func BenchmarkView(b *testing.B) {
	for _, s := range screens {
		b.Run(s.name, func(b *testing.B) {
			m := screen(s.options, 200, 60, s.snapshot())
			for b.Loop() {
				m.View()
			}
		})
	}
}
