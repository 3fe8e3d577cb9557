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

// A View is the machine's front for a screen. It is immutable.
type View struct {
	Display     string // the text of the display: "insert 3.00", "credit 1.25", "thank you"
	Credit      Cents
	Columns     []Shelf
	Tubes       []Tube
	Tray        int   // snacks that have fallen since the start
	Cup         Cents // coins paid out since the start
	Owed        Cents // debt: should have been paid out and could not
	Doubt       Cents // held for a vend or a coin that a power cut interrupted, until an operator settles it
	Unknown     int   // trains of pulses that are no coin
	ExactChange bool  // the exact-change lamp: change may not be possible
	Accepting   bool  // coins are taken
	Door        bool  // the service door is open
}

// A Shelf is a column with its present stock.
type Shelf struct {
	Column
	Out string // why the column does not sell: jammed, unseen, doubt, away (not at home); "": it does
}

// View returns the front of a machine in state s. World is the result of [World.View], nil with real lines: then tray and cup
// are 0.
func (setup Setup) View(s machines.State, world any) View {
	state := s.(State)
	v := View{
		Display:     setup.display(state),
		Credit:      state.Money.Credit,
		Owed:        state.Money.Owed,
		Doubt:       state.Money.Doubt,
		Unknown:     state.Unknown,
		ExactChange: state.ExactChange,
		Accepting:   state.Accepting,
		Door:        state.DoorOpen,
		Columns:     make([]Shelf, len(setup.Columns)),
		Tubes:       make([]Tube, len(setup.Tubes)),
	}
	for i, c := range setup.Columns {
		c.Stock = state.Columns[i].Stock
		v.Columns[i] = Shelf{Column: c, Out: state.Columns[i].OutOfService}
		if v.Columns[i].Out == "" && !state.Spirals[i].Home && !state.Spirals[i].atWork() {
			v.Columns[i].Out = "away"
		}
	}
	for i, t := range setup.Tubes {
		v.Tubes[i] = Tube{Value: t.Value, Coins: state.Tubes[i].Coins}
	}
	if front, ok := world.(Front); ok {
		v.Tray, v.Cup = front.Tray, front.Cup
	}
	return v
}

// ViewOf is [Setup.View] of the built-in machine.
func ViewOf(s machines.State, world any) View { return Standard().View(s, world) }

// display returns the text of the display: the message of a Task, else the machine's status.
func (setup Setup) display(s State) string {
	lowest, highest := setup.prices()
	credit, text := s.Money.Credit, s.Message
	switch {
	case text != "":
	case s.turning():
		text = "please wait"
	case s.Payout.atWork():
		text = "take your coins"
	case s.DoorOpen:
		text = "service door open"
	case credit >= lowest:
		text = fmt.Sprintf("credit %v, choose", credit)
	case credit > 0:
		text = fmt.Sprintf("credit %v", credit)
	case lowest == highest:
		text = fmt.Sprintf("insert %v", lowest)
	default:
		text = fmt.Sprintf("insert %v to %v", lowest, highest)
	}
	if s.Money.Owed > 0 {
		text += fmt.Sprintf(", %v owed", s.Money.Owed)
	}
	return text
}
