package tui

import (
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/charmbracelet/x/ansi"
)

// A sheet is a grid of characters to draw on, or a window on a part of one. Later text covers earlier text, and text is
// clipped at the edges. It is a plain grid because layers of styled strings (lipgloss) took seven to ten times as long for
// a terminal of 200 by 60, which a small Pi would feel.
type sheet struct {
	w, h int
	grid [][]cell // the whole grid, by row
	x, y int      // the position of 0, 0 on the grid
	clip clipRect // the part of the grid that may be drawn on
}

// A clipRect is a rectangle of the grid. Right and bottom are excluded.
type clipRect struct{ left, top, right, bottom int }

// A cell is a column of a row: a character with combining marks and a look. The second cell of a wide character has no
// text.
type cell struct {
	text string
	look look
}

// newSheet returns a blank sheet of w columns and h rows.
func newSheet(w, h int) *sheet {
	s := &sheet{w: max(w, 0), h: max(h, 0)}
	s.clip = clipRect{0, 0, s.w, s.h}
	cells := slices.Repeat([]cell{{text: " "}}, s.w*s.h)
	for range s.h {
		s.grid = append(s.grid, cells[:s.w:s.w])
		cells = cells[s.w:]
	}
	return s
}

// part returns a window on the part of the sheet that begins at x, y and has w columns and h rows.
func (s *sheet) part(x, y, w, h int) *sheet {
	p := *s
	p.w, p.h, p.x, p.y = max(w, 0), max(h, 0), s.x+x, s.y+y
	p.clip = clipRect{
		max(s.clip.left, p.x), max(s.clip.top, p.y), min(s.clip.right, p.x+p.w), min(s.clip.bottom, p.y+p.h),
	}
	return &p
}

// list draws n rows, or those around the row focus if the sheet is too short, shifted by scroll rows. The first and the last
// row of the sheet then show the number of rows above and below. Draw draws all n rows.
func (s *sheet) list(n, focus, scroll int, draw func(rows *sheet)) {
	rows := *s
	top := min(max(focus-s.h/2+scroll, 0), max(n-s.h, 0))
	rows.y -= top
	rows.h = n
	draw(&rows)
	if s.h < 4 {
		return
	}
	if top > 0 {
		s.markMore(0, "↑", top+1)
	}
	if below := n - top - s.h; below > 0 {
		s.markMore(s.h-1, "↓", below+1)
	}
}

// markMore writes into row y that n more rows follow in the direction of arrow.
func (s *sheet) markMore(y int, arrow string, n int) {
	s.hline(0, y, s.w, look{}, " ")
	s.put(1, y, look{faint: true}, arrow+" "+strconv.Itoa(n)+" more")
}

// put writes a line of text at x, y, which may be outside the sheet.
func (s *sheet) put(x, y int, look look, text string) {
	x, y = s.x+x, s.y+y
	if y < s.clip.top || y >= s.clip.bottom {
		return
	}
	row := s.grid[y]
	for text = clean(text); text != "" && x < s.clip.right; {
		one, w := text[:1], 1
		if one[0] >= 0x80 || len(text) > 1 && text[1] >= 0x80 {
			one, w = ansi.FirstGraphemeCluster(text, ansi.GraphemeWidth)
		}
		text = text[len(one):]
		switch {
		case w == 0:
			// a combining mark without a character before it
		case x < s.clip.left || x+w > s.clip.right:
			// half of a wide character: a blank
			for i := max(x, s.clip.left); i < min(x+w, s.clip.right); i++ {
				setCell(row, i, " ", 1, look)
			}
		default:
			setCell(row, x, one, w, look)
		}
		x += w
	}
}

// setCell writes a character of w columns. If it covers half of a wide character the other half becomes a blank.
func setCell(row []cell, x int, text string, w int, look look) {
	if row[x].text == "" {
		row[x-1].text = " "
	}
	if end := x + w; end < len(row) && row[end].text == "" {
		row[end].text = " "
	}
	row[x] = cell{text, look}
	if w == 2 {
		row[x+1] = cell{"", look}
	}
}

// fit writes text in at most w columns, cut with "…".
func (s *sheet) fit(x, y, w int, look look, text string) { s.put(x, y, look, shorten(text, w)) }

// centre writes text in the middle of w columns, cut with "…".
func (s *sheet) centre(x, y, w int, look look, text string) {
	text = shorten(text, w)
	s.put(x+(w-width(text))/2, y, look, text)
}

// right writes text at the right end of w columns, cut with "…".
func (s *sheet) right(x, y, w int, look look, text string) {
	text = shorten(text, w)
	s.put(x+w-width(text), y, look, text)
}

// paragraph writes text wrapped into w columns, at most h rows of it.
func (s *sheet) paragraph(x, y, w, h int, look look, text string) {
	for i, line := range wrap(text, w) {
		if i < h {
			s.fit(x, y+i, w, look, line)
		}
	}
}

// hline draws a horizontal line of w symbols.
func (s *sheet) hline(x, y, w int, look look, symbol string) {
	s.put(x, y, look, strings.Repeat(symbol, max(w, 0)))
}

// vline draws a vertical line of h symbols.
func (s *sheet) vline(x, y, h int, look look, symbol string) {
	for i := range max(h, 0) {
		s.put(x, y+i, look, symbol)
	}
}

// box draws a frame of w columns and h rows.
func (s *sheet) box(x, y, w, h int, look look) {
	s.put(x, y, look, "┌"+strings.Repeat("─", max(w-2, 0))+"┐")
	s.vline(x, y+1, h-2, look, "│")
	s.vline(x+w-1, y+1, h-2, look, "│")
	s.put(x, y+h-1, look, "└"+strings.Repeat("─", max(w-2, 0))+"┘")
}

// String returns the whole grid as styled text without trailing blanks.
func (s *sheet) String() string {
	type sequences struct{ before, after string }
	known := map[look]sequences{{}: {}}
	var out strings.Builder
	for y, row := range s.grid {
		if y > 0 {
			out.WriteByte('\n')
		}
		end := len(row)
		for end > 0 && row[end-1].text == " " && !row[end-1].look.reverse {
			end--
		}
		for x := 0; x < end; {
			look := row[x].look
			seq, ok := known[look]
			if !ok {
				seq.before, seq.after = look.sequences()
				known[look] = seq
			}
			out.WriteString(seq.before)
			for ; x < end && row[x].look == look; x++ {
				out.WriteString(row[x].text)
			}
			out.WriteString(seq.after)
		}
	}
	return out.String()
}

// clean removes what could control the terminal from text: escape sequences, control characters, and invisible characters
// whose width differs between terminals. Line breaks and tabs become blanks.
func clean(text string) string {
	if strings.IndexFunc(text, unprintable) < 0 {
		return text
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case unprintable(r):
			return -1
		default:
			return r
		}
	}, ansi.Strip(text))
}

// unprintable reports whether clean replaces or removes r.
func unprintable(r rune) bool {
	if r < 0x7f {
		return r < 0x20
	}
	return r < 0xa0 || r == unicode.ReplacementChar ||
		r > 0xff && r < 0x2500 && unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) ||
		r > 0x25ff && unicode.In(r, unicode.Cf, unicode.Variation_Selector)
}

// shorten returns clean text of at most w columns, with "…" at the end if it was cut.
func shorten(text string, w int) string {
	if w <= 0 {
		return ""
	}
	if len(text) <= w && strings.IndexFunc(text, func(r rune) bool { return r < 0x20 || r >= 0x7f }) < 0 {
		return text
	}
	return ansi.Truncate(clean(text), w, "…")
}

// shortenMiddle is shorten with the cut in the middle, for names with a common beginning.
func shortenMiddle(text string, w int) string {
	text = clean(text)
	n := width(text)
	if n <= w || w < 8 {
		return shorten(text, w)
	}
	head := (w - 1) / 2
	return ansi.Truncate(text, head, "") + "…" + ansi.TruncateLeft(text, n-(w-1-head), "")
}

// wrap returns clean text as lines of at most w columns.
func wrap(text string, w int) []string {
	if w <= 0 || text == "" {
		return nil
	}
	return strings.Split(ansi.Wrap(clean(text), w, ""), "\n")
}

// width returns the number of columns of clean text.
func width(text string) int { return ansi.StringWidth(clean(text)) }
