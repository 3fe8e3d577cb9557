package value

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
)

// A JacksonError says why a text is not JSON, in the words of Jackson, the parser that AWS uses. AWS shows them to the user.
type JacksonError struct {
	Line, Column int // from 1, in UTF-16 units; the column is that after the character at fault

	problem string // with %s for the position of the innermost open array or object
	start   string // "line: 1, column: 1"
	source  string // "(String)\"the text\""
}

// Error returns the whole message, as AWS shows it.
func (e *JacksonError) Error() string {
	return e.message(e.location(e.start)) + "\n at " + e.Location()
}

// Location returns the position of the fault, as AWS shows it: [Source: (String)"the text"; line: 1, column: 4].
func (e *JacksonError) Location() string {
	return e.location(fmt.Sprintf("line: %d, column: %d", e.Line, e.Column))
}

// Problem returns the message without an excerpt of the text.
func (e *JacksonError) Problem() string { return e.message(strings.ReplaceAll(e.start, ":", "")) }

// location returns a position with the excerpt of the text.
func (e *JacksonError) location(at string) string { return "[Source: " + e.source + "; " + at + "]" }

// message returns the problem with the position of the innermost open array or object.
func (e *JacksonError) message(start string) string {
	return strings.Replace(e.problem, "%s", start, 1)
}

// Jackson parses text as Jackson's ReaderBasedJsonParser 2.10 does and returns the first fault, or nil: it accepts some texts that
// [Read] refuses, such as those with single surrogates.
func Jackson(text []byte) *JacksonError {
	j := jackson{text: utf16.Encode([]rune(string(text))), line: 1}
	e := j.document()
	if e != nil {
		e.source = "(String)" + j.excerpt()
	}
	return e
}

// excerptLength is how much of the text Jackson shows (ContentReference.DEFAULT_MAX_CONTENT_SNIPPET).
const excerptLength = 500

// excerpt returns the beginning of the text in quotes.
func (j *jackson) excerpt() string {
	shown := j.text[:min(len(j.text), excerptLength)]
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range utf16.Decode(shown) {
		if unicode.IsControl(r) && r != '\n' && r != '\r' {
			fmt.Fprintf(&b, `\u%04X`, r)
		} else {
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	if cut := len(j.text) - len(shown); cut > 0 {
		fmt.Fprintf(&b, "[truncated %d chars]", cut)
	}
	return b.String()
}

// jackson is a parser in the middle of a text.
type jackson struct {
	text  []uint16
	at    int // the unit that it reads next
	line  int
	row   int         // where the line begins
	stack []container // the open arrays and objects
}

// A container is an open array or object.
type container struct {
	object     bool
	line, from int // the line and column of its bracket
	entries    int // so far
}

const (
	endOfText = rune(-1)
	anyValue  = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
)

// fail returns an error at the current position. A %s that is left in the text stands for that of the innermost container.
func (j *jackson) fail(format string, args ...any) *JacksonError {
	e := &JacksonError{Line: j.line, Column: j.at - j.row + 1, problem: fmt.Sprintf(format, args...)}
	line, column := 1, 0
	if n := len(j.stack); n > 0 {
		line, column = j.stack[n-1].line, j.stack[n-1].from
	}
	e.start = fmt.Sprintf("line: %d, column: %d", line, column)
	return e
}

func (j *jackson) unexpected(c rune, expected string) *JacksonError {
	return j.fail("Unexpected character (%s): %s", charText(c), expected)
}

// charText returns a character as Jackson shows it: 'a' (code 97).
func charText(c rune) string {
	switch {
	case c < ' ' || c >= 0x7F && c < 0xA0:
		return fmt.Sprintf("(CTRL-CHAR, code %d)", c)
	case c > 255:
		return fmt.Sprintf("'%c' (code %d / 0x%x)", c, c, c)
	}
	return fmt.Sprintf("'%c' (code %d)", c, c)
}

// container returns Jackson's name for the innermost open container.
func (j *jackson) container() string {
	switch n := len(j.stack); {
	case n == 0:
		return "root"
	case j.stack[n-1].object:
		return "Object"
	}
	return "Array"
}

// next skips blanks and returns the next character, or endOfText.
func (j *jackson) next() (rune, *JacksonError) {
	for j.at < len(j.text) {
		c := rune(j.text[j.at])
		j.at++
		switch {
		case c == '/':
			return 0, j.unexpected(c, "maybe a (non-standard) comment? "+
				"(not recognized as one since Feature 'ALLOW_COMMENTS' not enabled for parser)")
		case c > ' ':
			return c, nil
		case c == '\n', c == '\r' && (j.at >= len(j.text) || j.text[j.at] != '\n'):
			j.line++
			j.row = j.at
		case c < ' ' && c != '\t' && c != '\r':
			return 0, j.fail(`Illegal character (%s): only regular white space (\r, \n, \t) is allowed between tokens`, charText(c))
		}
	}
	return endOfText, nil
}

// document reads one value, with everything in it, and the end of the text.
func (j *jackson) document() *JacksonError {
	c, err := j.next()
	if err != nil || c == endOfText {
		return err
	}
	if c == '}' || c == ']' {
		return j.closeContainer(c)
	}
	if err := j.value(c); err != nil {
		return err
	}
	for len(j.stack) > 0 {
		if err := j.entry(); err != nil {
			return err
		}
	}
	if c, err = j.next(); err != nil || c == endOfText {
		return err
	}
	if c == '}' || c == ']' {
		return j.closeContainer(c)
	}
	from := j.at - 1
	if err = j.value(c); err != nil {
		return err
	}
	j.stack = nil
	return j.fail("Trailing token (of type %s) found after value (bound as `com.fasterxml.jackson.databind.JsonNode`): "+
		"not allowed as per `DeserializationFeature.FAIL_ON_TRAILING_TOKENS`", tokenType(c, j.text[from:j.at]))
}

// tokenType returns Jackson's name for a token that begins with c.
func tokenType(c rune, token []uint16) string {
	switch c {
	case '{':
		return "START_OBJECT"
	case '[':
		return "START_ARRAY"
	case '"':
		return "VALUE_STRING"
	case 't':
		return "VALUE_TRUE"
	case 'f':
		return "VALUE_FALSE"
	case 'n':
		return "VALUE_NULL"
	}
	if strings.ContainsAny(string(utf16.Decode(token)), ".eE") {
		return "VALUE_NUMBER_FLOAT"
	}
	return "VALUE_NUMBER_INT"
}

// entry reads the next entry of the innermost container, or its closing bracket.
func (j *jackson) entry() *JacksonError {
	c, err := j.next()
	switch {
	case err != nil:
		return err
	case c == endOfText:
		return j.fail("Unexpected end-of-input: expected close marker for %s (start marker at %%s)", j.container())
	case c == '}' || c == ']':
		return j.closeContainer(c)
	}
	top := &j.stack[len(j.stack)-1]
	if top.entries++; top.entries > 1 {
		if c != ',' {
			return j.unexpected(c, "was expecting comma to separate "+j.container()+" entries")
		}
		if c, err = j.nextInside(); err != nil {
			return err
		}
	}
	if top.object {
		if c != '"' {
			return j.unexpected(c, "was expecting double-quote to start field name")
		}
		if err = j.quoted(" in field name", "name"); err != nil {
			return err
		}
		if c, err = j.nextInside(); err != nil {
			return err
		}
		if c != ':' {
			return j.unexpected(c, "was expecting a colon to separate field name and value")
		}
		if c, err = j.nextInside(); err != nil {
			return err
		}
	} else if c == '}' {
		return j.unexpected(c, "expected a value")
	}
	return j.value(c)
}

// nextInside is next where the text must not end.
func (j *jackson) nextInside() (rune, *JacksonError) {
	c, err := j.next()
	if err == nil && c == endOfText {
		err = j.fail("Unexpected end-of-input within/between %s entries", j.container())
	}
	return c, err
}

// closeContainer closes the innermost container. It is an error if there is none, or if the bracket is of the other kind.
func (j *jackson) closeContainer(c rune) *JacksonError {
	n := len(j.stack)
	if n > 0 && j.stack[n-1].object == (c == '}') {
		j.stack = j.stack[:n-1]
		return nil
	}
	expected := ']'
	if c == ']' {
		expected = '}'
	}
	return j.fail("Unexpected close marker '%c': expected '%c' (for %s starting at %%s)", c, expected, j.container())
}

// value reads a value whose first character is c, or opens a container.
func (j *jackson) value(c rune) *JacksonError {
	switch {
	case c == '{' || c == '[':
		j.stack = append(j.stack, container{object: c == '{', line: j.line, from: j.at - j.row})
		return nil
	case c == '"':
		return j.quoted(": was expecting closing quote for a string value", "string value")
	case c == '-' || c >= '0' && c <= '9':
		return j.number(c)
	case c == 't':
		return j.token("true")
	case c == 'f':
		return j.token("false")
	case c == 'n':
		return j.token("null")
	case c == 'N' || c == 'I':
		word := map[rune]string{'N': "NaN", 'I': "Infinity"}[c]
		if err := j.token(word); err != nil {
			return err
		}
		return j.fail("Non-standard token '%s': enable JsonParser.Feature.ALLOW_NON_NUMERIC_NUMBERS to allow", word)
	case c == '+' && j.at >= len(j.text):
		return j.fail("Unexpected end-of-input in a value")
	case c == '+':
		c = rune(j.text[j.at])
		j.at++
		return j.notDigit(c, "expected digit (0-9) to follow minus sign, for valid numeric value")
	case isIdentifier(c, false):
		return j.word(string(c))
	}
	return j.unexpected(c, "expected a valid value "+anyValue)
}

// token reads the rest of a literal after its first character.
func (j *jackson) token(literal string) *JacksonError {
	for i := 1; i < len(literal); i++ {
		if j.at >= len(j.text) || j.text[j.at] != uint16(literal[i]) {
			return j.word(literal[:i])
		}
		j.at++
	}
	if j.at < len(j.text) && isIdentifier(rune(j.text[j.at]), true) {
		return j.word(literal)
	}
	return nil
}

// maxWord is how much of a bare word Jackson shows (MAX_ERROR_TOKEN_LENGTH).
const maxWord = 256

// word reads the rest of a bare word and returns its error.
func (j *jackson) word(begun string) *JacksonError {
	word := utf16.Encode([]rune(begun))
	for j.at < len(j.text) && isIdentifier(rune(j.text[j.at]), true) {
		word = append(word, j.text[j.at])
		j.at++
		if len(word) >= maxWord {
			word = append(word, '.', '.', '.')
			break
		}
	}
	return j.fail("Unrecognized token '%s': was expecting %s", string(utf16.Decode(word)), anyValue)
}

// isIdentifier is Java's Character.isJavaIdentifierStart, or isJavaIdentifierPart.
func isIdentifier(r rune, part bool) bool {
	if unicode.In(r, unicode.L, unicode.Nl, unicode.Sc, unicode.Pc) {
		return true
	}
	return part && (unicode.In(r, unicode.Nd, unicode.Mc, unicode.Mn, unicode.Cf) ||
		r < 9 || r > 0xD && r < 0x1C || r >= 0x7F && r < 0xA0)
}

// number reads the rest of a number.
func (j *jackson) number(c rune) *JacksonError {
	digit := func() bool { return j.at < len(j.text) && j.text[j.at] >= '0' && j.text[j.at] <= '9' }
	if c == '-' {
		if !digit() {
			if j.at >= len(j.text) {
				return j.fail("Unexpected end-of-input in a value")
			}
			c = rune(j.text[j.at])
			j.at++
			return j.notDigit(c, "expected digit (0-9) to follow minus sign, for valid numeric value")
		}
		c = rune(j.text[j.at])
		j.at++
	}
	if c == '0' && digit() {
		return j.fail("Invalid numeric value: Leading zeroes not allowed")
	}
	for digit() {
		j.at++
	}
	if j.at < len(j.text) && j.text[j.at] == '.' {
		j.at++
		if !digit() {
			return j.digitMissing("Decimal point not followed by a digit")
		}
		for digit() {
			j.at++
		}
	}
	if j.at < len(j.text) && (j.text[j.at] == 'e' || j.text[j.at] == 'E') {
		j.at++
		if j.at < len(j.text) && (j.text[j.at] == '+' || j.text[j.at] == '-') {
			j.at++
		}
		if !digit() {
			return j.digitMissing("Exponent indicator not followed by a digit")
		}
		for digit() {
			j.at++
		}
	}
	if len(j.stack) == 0 && j.at < len(j.text) && j.text[j.at] > ' ' {
		c = rune(j.text[j.at])
		j.at++
		return j.unexpected(c, "Expected space separating root-level values")
	}
	return nil
}

// digitMissing returns the error of a number that has something else in place of a digit.
func (j *jackson) digitMissing(comment string) *JacksonError {
	c := rune(j.text[j.at-1])
	if j.at < len(j.text) {
		c = rune(j.text[j.at])
		j.at++
	}
	return j.notDigit(c, comment)
}

func (j *jackson) notDigit(c rune, comment string) *JacksonError {
	return j.fail("Unexpected character (%s) in numeric value: %s", charText(c), comment)
}

// quoted reads the rest of a quoted text.
func (j *jackson) quoted(atEnd, what string) *JacksonError {
	for j.at < len(j.text) {
		c := rune(j.text[j.at])
		j.at++
		switch {
		case c == '"':
			return nil
		case c < ' ':
			return j.fail("Illegal unquoted character (%s): has to be escaped using backslash to be included in %s", charText(c), what)
		case c == '\\':
			if err := j.escape(); err != nil {
				return err
			}
		}
	}
	return j.fail("Unexpected end-of-input%s", atEnd)
}

// escape reads an escape sequence after its backslash.
func (j *jackson) escape() *JacksonError {
	const early = "Unexpected end-of-input in character escape sequence"
	if j.at >= len(j.text) {
		return j.fail(early)
	}
	c := rune(j.text[j.at])
	j.at++
	switch {
	case c == 'u':
	case c < 0x80 && strings.IndexByte(`btnfr"/\`, byte(c)) >= 0:
		return nil
	default:
		return j.fail("Unrecognized character escape %s", charText(c))
	}
	for range 4 {
		if j.at >= len(j.text) {
			return j.fail(early)
		}
		c = rune(j.text[j.at])
		j.at++
		if c >= 0x80 || !strings.ContainsRune("0123456789abcdefABCDEF", c) {
			return j.unexpected(c, "expected a hex-digit for character escape sequence")
		}
	}
	return nil
}
