package services

import (
	"signalbox/asl"
	"signalbox/asl/value"
)

// Condition reads the condition in the parameters of a call and asks it of an item.
func Condition(clock Clock, in, item *value.Object) (holds bool, err *asl.Error) {
	c := &call{services: &Services{clock: clock}, in: in}
	f, err := c.condition()
	if f != nil {
		holds = f(item)
	}
	return holds, err
}
