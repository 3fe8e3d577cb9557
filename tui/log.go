package tui

import "fmt"

// logPanel shows the log. It follows the newest line until the user scrolls up, and then shows the same lines as long as
// the log has them.
type logPanel struct {
	w, h   int
	bottom int // the line after the last visible one, counted from the start of the run; 0: follow the newest
}

// SetSize sets the size in columns and rows.
func (p *logPanel) SetSize(w, h int) { p.w, p.h = w, h }

// scroll scrolls n lines towards the newest; a negative n towards the oldest.
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

// visible returns the range of the snapshot's log that is visible, Log[from:to], and the number of lines after it.
func (p logPanel) visible(s Snapshot) (from, to, after int) {
	to = len(s.Log)
	if p.bottom > 0 {
		to = min(max(p.bottom-s.Dropped, min(p.h, len(s.Log))), len(s.Log))
	}
	return max(to-p.h, 0), to, len(s.Log) - to
}

// title returns the title of the panel, with the number of newer lines unless it follows.
func (p logPanel) title(s Snapshot) string {
	_, _, after := p.visible(s)
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
	from, to, _ := p.visible(s)
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
