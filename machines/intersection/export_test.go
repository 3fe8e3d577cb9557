package intersection

// Diagrams returns the diagrams of all state machines of a plant's parts, by name.
func Diagrams() map[string]string {
	return map[string]string{
		"head-us":         newHead(US).Diagram(),
		"head-uk":         newHead(UK).Diagram(),
		"pedestrian-head": newPedestrianHead().Diagram(),
		"call":            newCall().Diagram(),
		"sensor":          newSensor().Diagram(),
		"mode":            newMode().Diagram(),
	}
}
