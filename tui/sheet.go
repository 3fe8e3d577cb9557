package tui

import (
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/charmbracelet/x/ansi"
)

// A sheet is a drawing surface of fixed size, or a window on a part of one. What is put on it later covers what was
// there; what would stick out is cut off. It is a plain grid: layers of styled strings laid over one another
// (lipgloss) took seven to ten times as long for a terminal of 200 by 60, which a small Pi would feel.
type sheet struct {
	w, h int
	grid [][]cell // all of it
	x, y int      // where 0, 0 is on the grid
	clip span     // the rows and columns of the grid that may be drawn on
}

type span struct{ left, top, right, bottom int }

// A cell is one column of one row: a character with its marks and its look. The second half of a wide one is empty.
type cell struct {
	text string
	look look
}

func newSheet(w, h int) *sheet {
	s := &sheet{w: max(w, 0), h: max(h, 0)}
	s.clip = span{0, 0, s.w, s.h}
	cells := slices.Repeat([]cell{{text: " "}}, s.w*s.h)
	for range s.h {
		s.grid = append(s.grid, cells[:s.w:s.w])
		cells = cells[s.w:]
	}
	return s
}

// part returns the part of the sheet that is w columns and h rows large and begins at x, y.
func (s *sheet) part(x, y, w, h int) *sheet {
	p := *s
	p.w, p.h, p.x, p.y = max(w, 0), max(h, 0), s.x+x, s.y+y
	p.clip = span{
		max(s.clip.left, p.x), max(s.clip.top, p.y), min(s.clip.right, p.x+p.w), min(s.clip.bottom, p.y+p.h),
	}
	return &p
}

// list draws n rows of which the sheet may have room for some only: those around the row focus, moved on by scroll
// rows. Where something is missing the edge says how much.
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
		s.more(0, "↑", top+1)
	}
	if below := n - top - s.h; below > 0 {
		s.more(s.h-1, "↓", below+1)
	}
}

func (s *sheet) more(y int, arrow string, n int) {
	s.hline(0, y, s.w, look{}, " ")
	s.put(1, y, look{faint: true}, arrow+" "+strconv.Itoa(n)+" more")
}

// put writes one line of text. x and y may lie outside.
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
			// a mark without a character to stand on
		case x < s.clip.left || x+w > s.clip.right:
			// Half of a wide character is nothing.
			for i := max(x, s.clip.left); i < min(x+w, s.clip.right); i++ {
				set(row, i, " ", 1, look)
			}
		default:
			set(row, x, one, w, look)
		}
		x += w
	}
}

// set writes one character. A wide one of which it covers a half leaves a blank.
func set(row []cell, x int, text string, w int, look look) {
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

// fit is put with at most w columns; text that is longer ends in "…".
func (s *sheet) fit(x, y, w int, look look, text string) { s.put(x, y, look, shorten(text, w)) }

// centre is fit in the middle of w columns.
func (s *sheet) centre(x, y, w int, look look, text string) {
	text = shorten(text, w)
	s.put(x+(w-width(text))/2, y, look, text)
}

// right is fit at the right end of w columns.
func (s *sheet) right(x, y, w int, look look, text string) {
	text = shorten(text, w)
	s.put(x+w-width(text), y, look, text)
}

// words writes text over several lines of w columns, at most h of them.
func (s *sheet) words(x, y, w, h int, look look, text string) {
	for i, line := range wrap(text, w) {
		if i < h {
			s.fit(x, y+i, w, look, line)
		}
	}
}

// hline and vline draw a line of one sign.
func (s *sheet) hline(x, y, w int, look look, sign string) {
	s.put(x, y, look, strings.Repeat(sign, max(w, 0)))
}

func (s *sheet) vline(x, y, h int, look look, sign string) {
	for i := range max(h, 0) {
		s.put(x, y+i, look, sign)
	}
}

// box draws a frame.
func (s *sheet) box(x, y, w, h int, look look) {
	s.put(x, y, look, "┌"+strings.Repeat("─", max(w-2, 0))+"┐")
	s.vline(x, y+1, h-2, look, "│")
	s.vline(x+w-1, y+1, h-2, look, "│")
	s.put(x, y+h-1, look, "└"+strings.Repeat("─", max(w-2, 0))+"┘")
}

// String returns the whole grid as styled text, without blanks at the ends of lines.
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

// clean takes out of foreign text what would do something to the terminal rather than be seen: escape sequences,
// control characters, and invisible ones that terminals count differently.
func clean(text string) string {
	if strings.IndexFunc(text, suspect) < 0 {
		return text
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case suspect(r):
			return -1
		default:
			return r
		}
	}, ansi.Strip(text))
}

func suspect(r rune) bool {
	if r < 0x7f {
		return r < 0x20
	}
	return r < 0xa0 || r == unicode.ReplacementChar ||
		r > 0xff && r < 0x2500 && unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) ||
		r > 0x25ff && unicode.In(r, unicode.Cf, unicode.Variation_Selector)
}

// shorten returns text in at most w columns, with "…" at the end if something is missing.
func shorten(text string, w int) string {
	if w <= 0 {
		return ""
	}
	if len(text) <= w && strings.IndexFunc(text, func(r rune) bool { return r < 0x20 || r >= 0x7f }) < 0 {
		return text
	}
	return ansi.Truncate(clean(text), w, "…")
}

// squeeze is shorten for names that begin alike: what is missing is missing in the middle.
func squeeze(text string, w int) string {
	text = clean(text)
	n := width(text)
	if n <= w || w < 8 {
		return shorten(text, w)
	}
	head := (w - 1) / 2
	return ansi.Truncate(text, head, "") + "…" + ansi.TruncateLeft(text, n-(w-1-head), "")
}

func wrap(text string, w int) []string {
	if w <= 0 || text == "" {
		return nil
	}
	return strings.Split(ansi.Wrap(clean(text), w, ""), "\n")
}

func width(text string) int { return ansi.StringWidth(clean(text)) }
