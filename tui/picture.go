package tui

import (
	"signalbox/machines/intersection"
	"signalbox/machines/migration"
	"signalbox/machines/vending"
)

// picturePanel draws the machine: the crossing, the front of the vending machine, the progress of the migration, or a board
// of lamps and switches.
type picturePanel struct {
	w, h int
	keys map[string][]string // the keys that push a line, by the name of the line
}

// SetSize sets the size in columns and rows.
func (p *picturePanel) SetSize(w, h int) { p.w, p.h = w, h }

// title returns the title of the panel.
func (p picturePanel) title(s Snapshot) string {
	switch s.World.(type) {
	case intersection.View:
		return "crossing"
	case vending.View:
		return "front"
	case migration.View:
		return "transfer"
	default:
		return "board"
	}
}

// minWidth returns the smallest width for a picture.
func (p picturePanel) minWidth(s Snapshot) int {
	if _, ok := s.World.(vending.View); ok {
		return 36
	}
	return 34
}

// preferredWidth returns the width beyond which the picture does not improve.
func (p picturePanel) preferredWidth(s Snapshot) int {
	switch s.World.(type) {
	case intersection.View:
		return 112
	case vending.View:
		return 96
	case migration.View:
		return 92
	default:
		return 72
	}
}

// Draw draws the panel.
func (p picturePanel) Draw(sh *sheet, s Snapshot, st styles) {
	switch world := s.World.(type) {
	case intersection.View:
		drawCrossing(sh, s, world, st)
	case vending.View:
		drawFront(sh, s, world, p.keys, st)
	case migration.View:
		drawTransfer(sh, s, world, st)
	default:
		drawBoard(sh, s, p.keys, st)
	}
}

// drawBoard draws the lines of a board as tiles: outputs as lamps, inputs as switches with their keys. The tiles are as
// large as the sheet permits.
func drawBoard(sh *sheet, s Snapshot, keys map[string][]string, st styles) {
	var outputs, inputs []Line
	tile := 9
	for _, l := range s.Lines {
		if l.Output {
			outputs = append(outputs, l)
		} else {
			inputs = append(inputs, l)
		}
		tile = max(tile, min(width(l.Name)+2, 20))
	}
	groups := []struct {
		title string
		lines []Line
	}{{"lamps and motors", outputs}, {"switches and sensors", inputs}}
	for _, size := range []struct{ tall, stride int }{{5, 6}, {3, 4}, {1, 1}} {
		if size.tall == 1 {
			tile = min(tile+12, max(sh.w-2, 1))
		}
		across := max((sh.w-2)/tile, 1)
		need := -1
		for _, g := range groups {
			need += 2 + (len(g.lines)+across-1)/across*size.stride - (size.stride - size.tall)
		}
		if need > sh.h && size.tall > 1 {
			continue
		}
		y := 0
		for _, g := range groups {
			if len(g.lines) == 0 {
				continue
			}
			sh.put(1, y, st.dim, g.title)
			for i, l := range g.lines {
				drawTile(sh, 1+i%across*tile, y+1+i/across*size.stride, tile, size.tall, l, keys[l.Name], st)
			}
			y += 2 + (len(g.lines)+across-1)/across*size.stride - (size.stride - size.tall)
		}
		return
	}
}

// drawTile draws a line of a board in w columns and tall rows: 5 with a frame, 3 without, 1 as text.
func drawTile(sh *sheet, x, y, w, tall int, l Line, keys []string, st styles) {
	shape, look := "( )", st.dim
	switch {
	case l.Output && l.High:
		shape, look = "(●)", lit(st.lamp(l.Name))
	case l.High:
		shape, look = "[■]", lit(st.cyan)
	case !l.Output:
		shape = "[ ]"
	}
	word := l.level()
	if label := keyLabel(keys, 5); label != "" {
		word += " " + label
	}
	switch tall {
	case 5:
		mid := x + (w-5)/2
		sh.box(mid, y, 5, 3, st.dim)
		sh.put(mid+1, y+1, look, shape)
		sh.centre(x, y+3, w-1, st.plain, l.Name)
		sh.centre(x, y+4, w-1, st.plain.Bold(l.High), word)
	case 3:
		sh.centre(x, y, w-1, look, shape)
		sh.centre(x, y+1, w-1, st.plain, l.Name)
		sh.centre(x, y+2, w-1, st.plain.Bold(l.High), word)
	default:
		sh.put(x, y, look, shape)
		sh.fit(x+4, y, w-5, st.plain.Bold(l.High), l.Name+" "+word)
	}
}
