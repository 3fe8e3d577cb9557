package tui

import (
	"fmt"
	"strings"

	"signalbox/internal/thousands"
	"signalbox/machines/migration"
)

// drawTransfer draws a migration: source, target, progress, rate and failures.
func drawTransfer(sh *sheet, s Snapshot, v migration.View, st styles) {
	x, w := 1, min(sh.w-2, 90)
	y := 0
	sh.put(x, y, st.dim, "from")
	sh.put(x+5, y, st.plain, shortenMiddle(v.Source, w-5))
	sh.put(x, y+1, st.dim, "to")
	sh.put(x+5, y+1, st.plain, shortenMiddle(v.Target, w-5))
	y += 3
	phase := string(v.Phase)
	if phase == "" {
		phase = "not started"
	}
	sh.put(x, y, st.strong, phase)
	share := 0.0
	if v.Of > 0 {
		share = float64(v.Done) / float64(v.Of)
	}
	sh.right(x, y, w, st.strong, fmt.Sprintf("%d %%", int(share*100)))
	bar := st.green
	if v.Failed > 0 || s.Status != StatusRunning && s.Status != StatusSucceeded {
		bar = st.red
	}
	full := int(share * float64(w))
	sh.put(x, y+1, bar, strings.Repeat("█", full))
	sh.put(x+full, y+1, st.dim, strings.Repeat("░", w-full))
	done := thousands.Format(v.Done) + " of " + thousands.Format(v.Of)
	sh.put(x, y+2, st.plain, done)
	if v.Rate > 0 && !s.Paused {
		rate := thousands.Format(int64(v.Rate)) + "/s"
		if left := rate + ", " + clock(v.Left) + " left"; v.Left > 0 && width(done)+2+width(left) <= w {
			rate = left
		}
		sh.right(x+width(done)+2, y+2, w-width(done)-2, st.plain, rate)
	}
	y += 4
	failed := st.plain
	if v.Failed > 0 {
		failed = st.red.Bold(true)
	}
	for _, row := range []struct {
		name string
		n    int64
		look look
	}{{"pending", v.Pending, st.plain}, {"moved", v.Moved, st.plain}, {"failed", v.Failed, failed}} {
		sh.put(x, y, st.dim, row.name)
		sh.right(x+8, y, 14, row.look, thousands.Format(row.n))
		y++
	}
	y++
	room := sh.h - y
	for _, text := range v.Failures[max(len(v.Failures)-max(room, 0), 0):] {
		sh.fit(x, y, w, st.red, "! "+text)
		y++
	}
}
