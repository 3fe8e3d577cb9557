package gpio

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"

	"go.yaml.in/yaml/v3"

	"signalbox/internal/yamltree"
)

// A Raspberry Pi's header has 40 pins, numbered from 1 by position. 28 of them are GPIOs, which the processor numbers
// from 0. No pin has the same number in both: GPIO17 is pin 11, and pin 17 is 3.3 V. A board file says which number it
// means:
//
//	bcm: 17       the GPIO number
//	bcm: GPIO17   the same
//	pin: 11       the position of that GPIO
const (
	lastGPIO = 27
	lastPin  = 40
)

// What headerPins holds for a position without a GPIO.
const (
	ground  = -1
	volts33 = -2
	volts5  = -3
)

// headerPins holds the GPIO number by position, or a constant from above; position 0 is unused. All Raspberry Pis with
// 40 pins (since the B+ of 2014) have this header: Raspberry Pi documentation, "Raspberry Pi hardware", "GPIO". Pins 27
// and 28 (ID_SD, ID_SC) are GPIO0 and GPIO1, to which a HAT connects its EEPROM.
var headerPins = [lastPin + 1]int{
	1: volts33, 2: volts5,
	3: 2, 4: volts5,
	5: 3, 6: ground,
	7: 4, 8: 14,
	9: ground, 10: 15,
	11: 17, 12: 18,
	13: 27, 14: ground,
	15: 22, 16: 23,
	17: volts33, 18: 24,
	19: 10, 20: ground,
	21: 9, 22: 25,
	23: 11, 24: 8,
	25: ground, 26: 7,
	27: 0, 28: 1,
	29: 5, 30: ground,
	31: 6, 32: 12,
	33: 13, 34: ground,
	35: 19, 36: 16,
	37: 26, 38: 20,
	39: ground, 40: 21,
}

// onPin names what is at a position of the header, 1 to 40: "GPIO17", "ground", "3.3 V" or "5 V".
func onPin(pin int) string {
	switch number := headerPins[pin]; number {
	case ground:
		return "ground"
	case volts33:
		return "3.3 V"
	case volts5:
		return "5 V"
	default:
		return "GPIO" + strconv.Itoa(number)
	}
}

// pinOf returns the position of a GPIO, 0 to 27, on the header. For any other number it returns 0.
func pinOf(number int) int {
	for pin := 1; pin <= lastPin; pin++ {
		if headerPins[pin] == number {
			return pin
		}
	}
	return 0
}

// How a board file writes the numbers. A leading zero is refused: YAML reads 017 as octal, which is 15.
var (
	gpioNumber = regexp.MustCompile(`^(?:GPIO)?(0|[1-9][0-9]{0,3})$`)
	pinNumber  = regexp.MustCompile(`^(0|[1-9][0-9]{0,3})$`)
)

// headerNumber returns the number in n, and whether n has the form of pattern.
func headerNumber(n *yaml.Node, pattern *regexp.Regexp) (int, bool) {
	m := pattern.FindStringSubmatch(n.Value)
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" || m == nil {
		return 0, false
	}
	number, err := strconv.Atoi(m[1])
	return number, err == nil
}

// header returns the GPIO number of a line that has a bcm, a pin or both, and the node that it was read from. It adds a
// fault and returns false if the header has no such number, if the pin has no GPIO, or if bcm and pin are two GPIOs.
func (r *boardReader) header(what string, fields map[string]yamltree.Member) (number int, at *yaml.Node, ok bool) {
	bcm, hasBCM := fields["bcm"]
	pin, hasPin := fields["pin"]
	if !hasPin {
		number, ok = r.bcm(bcm.Value, what)
		return number, bcm.Value, ok
	}
	number, ok = r.pin(pin.Value, what)
	if !hasBCM {
		return number, pin.Value, ok
	}
	named, okBCM := r.bcm(bcm.Value, what)
	ok = ok && okBCM
	if ok && named != number {
		r.Fault(pin.Value, "%s: pin %d is GPIO%d, but bcm says GPIO%d, which is pin %d; keep the one that is meant",
			what, pinOf(number), number, named, pinOf(named))
		return 0, nil, false
	}
	return number, pin.Value, ok
}

// bcm reads a GPIO number: 17 or GPIO17.
func (r *boardReader) bcm(n *yaml.Node, what string) (number int, ok bool) {
	number, ok = headerNumber(n, gpioNumber)
	switch {
	case !ok:
		r.Fault(n, "%s: bcm should be a GPIO number from 0 to %d, such as 17 or GPIO17, not %s", what, lastGPIO, yamltree.Describe(n))
	case number > lastGPIO:
		hint := "pin 11 is GPIO17; for a line that is not on the header write chip: and line:"
		if number <= lastPin && headerPins[number] >= 0 {
			hint = fmt.Sprintf("for pin %d, %s, write pin: %d", number, onPin(number), number)
		}
		r.Fault(n, "%s: the header has GPIO0 to GPIO%d, not GPIO%d; bcm is the GPIO number, not the position on the header: %s",
			what, lastGPIO, number, hint)
		return 0, false
	}
	return number, ok
}

// pin reads a position on the header and returns the number of the GPIO there.
func (r *boardReader) pin(n *yaml.Node, what string) (number int, ok bool) {
	pin, ok := headerNumber(n, pinNumber)
	if !ok || pin < 1 || pin > lastPin {
		hint := ""
		if number, ok := headerNumber(n, gpioNumber); ok && number <= lastGPIO {
			hint = fmt.Sprintf("; for GPIO%d write bcm: %d", number, number)
		}
		r.Fault(n, "%s: pin should be a position on the header from 1 to %d, not %s%s", what, lastPin, yamltree.Describe(n), hint)
		return 0, false
	}
	if number = headerPins[pin]; number >= 0 {
		return number, true
	}
	hint := "choose a position that has a GPIO"
	if pin <= lastGPIO {
		hint = fmt.Sprintf("pin is the position on the header: for GPIO%d write bcm: %d (pin %d)", pin, pin, pinOf(pin))
	}
	r.Fault(n, "%s: pin %d is %s; %s", what, pin, onPin(pin), hint)
	return 0, false
}

// headerChips are the labels of the chips that have a Raspberry Pi's header: offset n of such a chip is GPIO<n>. Its name may be
// another: GPIO0 is called ID_SDA everywhere, and mainline device trees name twelve of the header's lines by a second function,
// as SPI_CE1_N for GPIO7.
var headerChips = []string{"pinctrl-bcm2835", "pinctrl-bcm2711", "pinctrl-rp1"}

// IsHeaderChip reports whether the chip with that label has a Raspberry Pi's header.
func IsHeaderChip(label string) bool { return slices.Contains(headerChips, label) }

// A spot identifies a physical line as far as a board file can: gpiochip0, which has the header on all Raspberry Pis but early
// ones of model 5, counts as the chip with the header. Other lines can be the same under the name and the label of their chip;
// then the driver refuses the second.
type spot struct {
	chip   string // "" for the chip with the header
	number int
}

// spot returns the physical line.
func (l Line) spot() spot {
	if l.Chip == "gpiochip0" || IsHeaderChip(l.Chip) {
		return spot{"", l.Number}
	}
	return spot{l.Chip, l.Number}
}
