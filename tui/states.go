package tui

import (
	"slices"
	"strings"
)

// statesPanel lists the states of the definition in their order and marks the active ones and their containers. Below the list it shows why the
// current state was entered and what may come next.
type statesPanel struct {
	w, h   int
	scroll int // rows from the position that shows the current state in the middle
}

// SetSize sets the size in columns and rows.
func (p *statesPanel) SetSize(w, h int) { p.w, p.h = w, h }

// preferredWidth returns the width that shows all but comments in full.
func (p statesPanel) preferredWidth(s Snapshot) int {
	w := 0
	for _, state := range s.States {
		w = max(w, indent(state)+width(state.Name)+width(state.Type)+5)
		for _, n := range state.Next {
			w = max(w, indent(state)+width(transitionText(n))+5)
		}
	}
	return w
}

// minWidth returns the width that shows the names in full.
func (p statesPanel) minWidth(s Snapshot) int {
	w := 0
	for _, state := range s.States {
		w = max(w, indent(state)+width(state.Name)+3)
	}
	return w
}

// indent returns by how many columns a nested state is indented.
func indent(s State) int { return 2 * min(max(s.Depth, 0), 8) }

// transitionText returns a transition as text.
func transitionText(n Next) string {
	if n.Label == "" {
		return "→ " + n.State
	}
	return "→ " + n.State + "  " + n.Label
}

// Draw draws the panel.
func (p statesPanel) Draw(sh *sheet, s Snapshot, st styles) {
	all := len(s.States)
	for _, state := range s.States {
		all += len(state.Next)
	}
	// The transitions of every state are in the list, below it, if all fit; else those of the current one below the list.
	notes := p.notes(s, true)
	inline := all+len(notes) <= p.h && p.w >= min(p.preferredWidth(s), 40)
	if !inline {
		all, notes = len(s.States), p.notes(s, false)
	}
	y := p.h - len(notes)
	for i, note := range notes {
		if note.heading {
			sh.put(0, y+i, st.rule, "┄ "+note.text+" "+strings.Repeat("┄", max(p.w-4-width(note.text), 0)))
		} else {
			sh.fit(1, y+i, p.w-2, st.plain, note.text)
		}
	}
	current := 0
	for _, state := range s.States {
		if state.Name == s.Current {
			break
		}
		current++
		if inline {
			current += len(state.Next)
		}
	}
	sh.part(0, 0, p.w, y).list(all, current, p.scroll, func(rows *sheet) { p.rows(rows, s, inline, st) })
}

// rows draws the whole list, with the transitions if inline.
func (p statesPanel) rows(sh *sheet, s Snapshot, inline bool, st styles) {
	types := p.w >= p.minWidth(s)+8
	others, containers := s.others(), s.containers()
	y := 0
	for _, state := range s.States {
		in := min(indent(state), max(p.w-12, 0))
		look, room := st.plain, p.w-3-in
		switch {
		case state.Name == s.Current:
			look = st.strong
			sh.put(in, y, look, "▶")
		case slices.Contains(others, state.Name):
			sh.put(in, y, look, "▷")
		case containers[state.Name]:
			sh.put(in, y, look, "▽")
		}
		if types {
			sh.right(0, y, p.w-1, st.dim, state.Type)
			room -= 2 + width(state.Type)
		}
		sh.put(in+2, y, look, shortenMiddle(state.Name, room))
		y++
		if inline {
			for _, n := range state.Next {
				sh.fit(in+4, y, p.w-5-in, st.dim, transitionText(n))
				y++
			}
		}
	}
}

// A note is a row below the list of states.
type note struct {
	text    string
	heading bool
}

// notes returns the rows below the list: why the current state was entered, the transitions from it (unless
// inline: the list has them) and its comment. A section that does not fit is left out.
func (p statesPanel) notes(s Snapshot, inline bool) []note {
	room := max(p.h-len(s.States), p.h/3)
	var notes []note
	section := func(title string, lines []string) {
		if len(lines) == 0 || len(notes)+1+len(lines) > room {
			return
		}
		notes = append(notes, note{title, true})
		for _, line := range lines {
			notes = append(notes, note{line, false})
		}
	}
	if s.Last.To != "" {
		lines := wrap(s.Last.Reason, p.w-2)
		if s.Last.From != "" {
			lines = append([]string{"after " + shortenMiddle(s.Last.From, p.w-8)}, lines...)
		}
		section("why", lines)
	}
	current := s.state(s.Current)
	if !inline {
		var lines []string
		for _, n := range current.Next {
			if width(transitionText(n)) <= p.w-2 {
				lines = append(lines, transitionText(n))
				continue
			}
			lines = append(lines, "→ "+shortenMiddle(n.State, p.w-4))
			if n.Label != "" {
				lines = append(lines, "   "+n.Label)
			}
		}
		section("next", lines)
	}
	section("comment", wrap(current.Comment, p.w-2))
	return notes
}
