package tui

import "fmt"

// logPanel shows the event log. It follows the newest line until somebody scrolls up, and then keeps showing the same
// lines while new ones come, as long as the log still has them.
type logPanel struct {
	w, h   int
	bottom int // number of the line after the last one in sight, counted from the start of the run; 0: follow
}

// SetSize is told the room that there is.
func (p *logPanel) SetSize(w, h int) { p.w, p.h = w, h }

// scroll moves n lines on; a negative n goes back.
func (p *logPanel) scroll(s Snapshot, n int) {
	end := s.Dropped + len(s.Log)
	bottom := p.bottom
	if bottom == 0 {
		bottom = end
	}
	first := s.Dropped + min(p.h, len(s.Log))
	bottom = max(max(bottom, first)+n, first)
	if bottom >= end {
		bottom = 0
	}
	p.bottom = bottom
}

// span returns which lines of the snapshot's log are in sight, and how many come after them.
func (p logPanel) span(s Snapshot) (from, to, after int) {
	to = len(s.Log)
	if p.bottom > 0 {
		to = min(max(p.bottom-s.Dropped, min(p.h, len(s.Log))), len(s.Log))
	}
	return max(to-p.h, 0), to, len(s.Log) - to
}

// title says what part of the log is in sight.
func (p logPanel) title(s Snapshot) string {
	_, _, after := p.span(s)
	if after == 0 {
		return "log"
	}
	return fmt.Sprintf("log ↓ %d newer (end: follow)", after)
}

// Draw draws the panel.
func (p logPanel) Draw(sh *sheet, s Snapshot, st styles) {
	layout := "15:04:05.000"
	if p.w < 60 {
		layout = "04:05.0"
	}
	from, to, _ := p.span(s)
	for y, l := range s.Log[from:to] {
		sh.put(0, y, st.dim, l.Time.Format(layout))
		x := len(layout) + 1
		look := st.plain
		switch l.Kind {
		case LogState:
			look = st.strong
		case LogError:
			look = st.red.Bold(true)
		case LogNote:
			look = st.cyan
		}
		sh.fit(x, y, 5, look, string(l.Kind))
		x += 6
		text := shorten(l.Text, p.w-x)
		sh.put(x, y, look, text)
		x += width(text) + 2
		if l.Why != "" && p.w-x >= 6 {
			sh.fit(x, y, p.w-x, st.dim, "← "+l.Why)
		}
	}
}
