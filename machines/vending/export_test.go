package vending

// Diagrams returns the diagrams of all state machines of a plant's parts, by name.
func Diagrams() map[string]string {
	return map[string]string{
		"coin-mech": coinMechPart().Diagram(),
		"customer":  customerPart().Diagram(),
		"question":  questionPart().Diagram(),
		"sale":      salePart().Diagram(),
		"spiral":    spiralPart().Diagram(),
		"tube":      tubePart().Diagram(),
		"payout":    payoutPart().Diagram(),
	}
}
