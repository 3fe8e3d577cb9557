package tui

import (
	"charm.land/bubbles/v2/key"
)

// keyMap holds the keys of the screen, besides those of the machine.
type keyMap struct {
	quit, help, pause, faster, slower, next, previous, up, down, push, hold, pageUp, pageDown, top, end, leave key.Binding
}

// newKeyMap returns the keys. Those without a function in o are disabled.
func newKeyMap(o Options) keyMap {
	bind := func(help, text string, keys ...string) key.Binding {
		return key.NewBinding(key.WithKeys(keys...), key.WithHelp(help, text))
	}
	k := keyMap{
		quit:     bind("q", "quit", "q", "ctrl+c"),
		help:     bind("?", "help", "?"),
		pause:    bind("p", "pause", "p"),
		faster:   bind("+", "faster", "+", "="),
		slower:   bind("-", "slower", "-"),
		next:     bind("tab", "next panel", "tab"),
		previous: bind("shift+tab", "previous panel", "shift+tab"),
		up:       bind("↑", "up", "up"),
		down:     bind("↓", "down", "down"),
		push:     bind("space", "push the selected input", "space"),
		hold:     bind("enter", "hold it, or let it go", "enter"),
		pageUp:   bind("pgup", "log: back", "pgup"),
		pageDown: bind("pgdn", "log: forward", "pgdown"),
		top:      bind("home", "log: oldest", "home"),
		end:      bind("end", "log: follow", "end"),
		leave:    bind("esc", "close help", "esc"),
	}
	k.pause.SetEnabled(o.TogglePause != nil)
	k.faster.SetEnabled(o.SetSpeed != nil)
	k.slower.SetEnabled(o.SetSpeed != nil)
	k.push.SetEnabled(o.Push != nil)
	k.hold.SetEnabled(o.Hold != nil)
	return k
}

// all returns the keys in the order of the help page.
func (k keyMap) all() []key.Binding {
	return []key.Binding{
		k.pause, k.faster, k.slower, k.up, k.down, k.push, k.hold, k.next, k.previous, k.pageUp, k.pageDown, k.top, k.end, k.leave,
		k.help, k.quit,
	}
}
