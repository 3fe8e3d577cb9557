package tui_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"

	"signalbox/tui"
)

var update = flag.Bool("update", false, "write the golden files anew")

// screens are the snapshots that are drawn in golden files.
var screens = []struct {
	name     string
	snapshot func() tui.Snapshot
	options  tui.Options
}{
	{"intersection", crossing, new(pushed).options(crossingKeys...)},
	{"dual-ring", rings, new(pushed).options(crossingKeys...)},
	{"vending", front, new(pushed).options(frontKeys...)},
	{"board", garage, tui.Options{NoColor: true}},
	{"nested", nested, tui.Options{NoColor: true}},
	{"migration", moving, tui.Options{NoColor: true, TogglePause: func() {}}},
}

// screen returns a model of that size that has seen the messages.
func screen(o tui.Options, w, h int, messages ...tea.Msg) tea.Model {
	var m tea.Model = tui.New(o)
	m, _ = m.Update(tea.WindowSizeMsg{Width: w, Height: h})
	for _, msg := range messages {
		m, _ = m.Update(msg)
	}
	return m
}

// text is what the screen shows, without the attributes.
func text(m tea.Model) string { return ansi.Strip(m.View().Content) }

func compareGolden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".golden")
	got = strings.TrimRight(got, "\n") + "\n"
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v (-update writes it)", err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("%s (-want +got; -update if it is meant):\n%s", file, diff)
	}
}

func TestScreens(t *testing.T) {
	for _, s := range screens {
		for _, size := range [][2]int{{80, 24}, {40, 20}, {200, 60}} {
			name := fmt.Sprintf("%s-%dx%d", s.name, size[0], size[1])
			t.Run(name, func(t *testing.T) {
				m := screen(s.options, size[0], size[1], s.snapshot())
				got := text(m)
				if size[0] == 40 { // one panel at a time: all of them
					for range 3 {
						m, _ = m.Update(tea.KeyPressMsg{Code: tea.KeyTab})
						got += "\n" + strings.Repeat("=", size[0]) + "\n" + text(m)
					}
				}
				compareGolden(t, name, got)
			})
		}
	}
}
