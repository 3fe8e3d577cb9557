package tui

import (
	"strings"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"
)

// A look is a colour and attributes of text. The colour is one of the sixteen of the terminal, which suit its background; 0
// is the default. Looks are small and comparable: a run of cells with one look is written at once.
type look struct {
	colour                          ansi.BasicColor
	bold, faint, reverse, underline bool
}

// Bold returns the look in bold, or not.
func (l look) Bold(on bool) look {
	l.bold = on
	return l
}

// lit returns the look of a lit lamp in the colour of l: a filled field.
func lit(l look) look {
	l.bold, l.reverse = true, true
	return l
}

// sequences returns the escape sequences before and after text of this look.
func (l look) sequences() (before, after string) {
	s := lipgloss.NewStyle().Bold(l.bold).Faint(l.faint).Reverse(l.reverse).Underline(l.underline)
	if l.colour != 0 {
		s = s.Foreground(l.colour)
	}
	before, after, _ = strings.Cut(s.Render("x"), "x")
	return before, after
}

// styles are the looks of the screen. All that they express is also a letter, a symbol or a word, so that the screen works
// without colours.
type styles struct {
	plain, dim, strong, bar, rule, heading, selected look

	red, amber, green, blue, cyan look
}

// newStyles returns the looks. With noColor they are bold, faint and reversed text only.
func newStyles(noColor bool) styles {
	st := styles{
		dim:      look{faint: true},
		strong:   look{bold: true},
		bar:      look{reverse: true},
		rule:     look{faint: true},
		heading:  look{bold: true},
		selected: look{bold: true, underline: true},
	}
	if !noColor {
		st.red, st.amber = look{colour: lipgloss.BrightRed}, look{colour: lipgloss.BrightYellow}
		st.green = look{colour: lipgloss.BrightGreen}
		st.blue, st.cyan = look{colour: lipgloss.BrightBlue}, look{colour: lipgloss.BrightCyan}
	}
	return st
}

// status returns the look of a run's status.
func (st styles) status(status Status) look {
	switch status {
	case StatusRunning, StatusSucceeded:
		return st.green.Bold(true)
	case "":
		return st.plain
	default:
		return st.red.Bold(true)
	}
}

// lamp returns the colour of an output, by its name.
func (st styles) lamp(name string) look {
	switch _, lamp := splitName(name); lamp {
	case "red", "dont-walk":
		return st.red
	case "green", "walk":
		return st.green
	default:
		return st.amber
	}
}
