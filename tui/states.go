package tui

import (
	"slices"
	"strings"
)

// statesPanel lists the definition's states in their order, marks the current one and others that the execution is in,
// and says below where the current one may go next and why it was entered.
type statesPanel struct {
	w, h   int
	scroll int // rows away from where the current state is in sight
}

// SetSize is told the room that there is.
func (p *statesPanel) SetSize(w, h int) { p.w, p.h = w, h }

// wish returns the width at which nothing is cut off but comments.
func (p statesPanel) wish(s Snapshot) int {
	w := 0
	for _, state := range s.States {
		w = max(w, width(state.Name)+width(state.Type)+5)
		for _, n := range state.Next {
			w = max(w, width(nextText(n))+5)
		}
	}
	return w
}

// least returns the width at which the names are whole.
func (p statesPanel) least(s Snapshot) int {
	w := 0
	for _, state := range s.States {
		w = max(w, width(state.Name)+3)
	}
	return w
}

func nextText(n Next) string {
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
	// The ways on stand in the list, below each state, if all of them find room, else below the list for the current one.
	notes := p.notes(s, true)
	inline := all+len(notes) <= p.h && p.w >= min(p.wish(s), 40)
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

func (p statesPanel) rows(sh *sheet, s Snapshot, inline bool, st styles) {
	types := p.w >= p.least(s)+8
	others := s.others()
	y := 0
	for _, state := range s.States {
		look, room := st.plain, p.w-3
		switch {
		case state.Name == s.Current:
			look = st.strong
			sh.put(0, y, look, "▶")
		case slices.Contains(others, state.Name):
			sh.put(0, y, look, "▷")
		}
		if types {
			sh.right(0, y, p.w-1, st.dim, state.Type)
			room -= 2 + width(state.Type)
		}
		sh.put(2, y, look, squeeze(state.Name, room))
		y++
		if inline {
			for _, n := range state.Next {
				sh.fit(4, y, p.w-5, st.dim, nextText(n))
				y++
			}
		}
	}
}

// A note is a line below the list of states.
type note struct {
	text    string
	heading bool
}

// notes are why the current state was entered, what is wrong, where it may go (unless the list says it) and its
// comment. What comes first matters most; what finds no room is left out.
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
			lines = append([]string{"after " + squeeze(s.Last.From, p.w-8)}, lines...)
		}
		section("why", lines)
	}
	section("trouble", wrap(s.Problem, p.w-2))
	current := s.state(s.Current)
	if !inline {
		var lines []string
		for _, n := range current.Next {
			if width(nextText(n)) <= p.w-2 {
				lines = append(lines, nextText(n))
				continue
			}
			lines = append(lines, "→ "+squeeze(n.State, p.w-4))
			if n.Label != "" {
				lines = append(lines, "   "+n.Label)
			}
		}
		section("next", lines)
	}
	section("comment", wrap(current.Comment, p.w-2))
	return notes
}
