package vending

import (
	"fmt"

	"signalbox/machines"
)

// Cents are an amount of money in hundredths of a dollar.
type Cents int

// String returns the amount as 3.25.
func (c Cents) String() string {
	sign := ""
	if c < 0 {
		sign, c = "-", -c
	}
	return fmt.Sprintf("%s%d.%02d", sign, c/100, c%100)
}

// A View is what a screen shows of the machine's front. It is immutable.
type View struct {
	Display     string // what the display says: "insert 3.00", "credit 1.25", "thank you"
	Credit      Cents
	Price       Cents
	Columns     [3]Column
	Hopper      int   // coins in the change hopper
	Tray        int   // snacks that have fallen and nobody has taken, since the start
	Cup         Cents // coins in the return cup, since the start
	Owed        Cents // recorded debt: what should have been paid out and could not
	ExactChange bool  // the exact-change lamp: change may not be possible
}

// A Column is one spiral of snacks with its selection button and its motor.
type Column struct {
	Name  string
	Stock int
}

// View returns what a screen shows of a machine in state s, with world what [World.View] returned; nil where the world is
// the real one, whose tray and cup nobody sees.
func (setup Setup) View(s machines.State, world any) View {
	state := s.(State)
	v := View{
		Display:     setup.display(state),
		Credit:      state.Money.Credit,
		Price:       setup.Price,
		Columns:     setup.Columns,
		Hopper:      state.Hopper.Coins,
		Owed:        state.Money.Owed,
		ExactChange: !state.Hopper.canPay(maxChange),
	}
	for i := range v.Columns {
		v.Columns[i].Stock = state.Spirals[i].Stock
	}
	if front, ok := world.(Front); ok {
		v.Tray, v.Cup = front.Tray, front.Cup
	}
	return v
}

// ViewOf is [Setup.View] of the built-in machine.
func ViewOf(s machines.State, world any) View { return Standard().View(s, world) }

// display returns the text of the display: a Task's message, else what the machine does or waits for.
func (setup Setup) display(s State) string {
	credit, text := s.Money.Credit, s.Message
	switch {
	case text != "":
	case s.turning():
		text = "please wait"
	case s.Hopper.atWork():
		text = "take your coins"
	case credit >= setup.Price:
		text = fmt.Sprintf("credit %v, choose", credit)
	case credit > 0:
		text = fmt.Sprintf("credit %v", credit)
	default:
		text = fmt.Sprintf("insert %v", setup.Price)
	}
	if s.Money.Owed > 0 {
		text += fmt.Sprintf(", %v owed", s.Money.Owed)
	}
	return text
}
