package jsonata

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"signalbox/asl/value"
)

// A tokenKind is a kind of token.
type tokenKind uint8

const (
	end tokenKind = iota
	name
	variable // the text is without the $
	literal
	regex
	operator
)

// A token is a token of the text; the zero token is its end.
type token struct {
	kind tokenKind
	text string // of an operator, name or variable
	data any    // of a literal
}

// shown returns the token as messages show it.
func (t token) shown() string {
	switch t.kind {
	case end:
		return `"(end)"`
	case literal:
		return value.Text(t.data)
	}
	return value.Text(t.text)
}

// bindingPower is how strongly an operator binds to the operand on its left; 0 ends an expression. JSONata, "Operator precedence",
// and the reference implementation's parser.
var bindingPower = map[string]int{
	".": 75, "[": 80, "]": 0, "{": 70, "}": 0, "(": 80, ")": 0, ",": 0, "@": 80, "#": 80, ";": 0, ":": 0, "?": 20,
	"+": 50, "-": 50, "*": 60, "/": 60, "%": 60, "|": 0, "=": 40, "<": 40, ">": 40, "^": 40, "**": 0, "..": 0, ":=": 10,
	"!=": 40, "<=": 40, ">=": 40, "~>": 40, "and": 30, "or": 25, "in": 40, "&": 50, "!": 0, "~": 0, "?:": 40, "??": 40,
}

const blanks = " \t\n\r\v"

var (
	pairs  = []string{"..", ":=", "!=", ">=", "<=", "**", "~>", "?:", "??"}
	number = regexp.MustCompile(`^(0|[1-9][0-9]*)(\.[0-9]+)?([Ee][-+]?[0-9]+)?`)
)

// A lexer splits a text into tokens; at is the byte that it reads next.
type lexer struct {
	text string
	at   int
}

// next returns the next token. Infix says that an operator may follow: then / divides, else it begins a regular expression.
func (l *lexer) next(infix bool) (token, error) {
	if err := l.skipBlanks(); err != nil || l.at >= len(l.text) {
		return token{}, err
	}
	rest := l.text[l.at:]
	c := rest[0]
	if c == '/' && !infix {
		return l.regex()
	}
	for _, pair := range pairs {
		if strings.HasPrefix(rest, pair) {
			l.at += 2
			return token{kind: operator, text: pair}, nil
		}
	}
	if _, ok := bindingPower[rest[:1]]; ok {
		l.at++
		return token{kind: operator, text: rest[:1]}, nil
	}
	switch c {
	case '"', '\'':
		return l.quoted(c)
	case '`':
		closing := strings.IndexByte(rest[1:], '`')
		if closing < 0 {
			return token{}, fault("S0105", "Quoted property name must be terminated with a backquote (`)")
		}
		l.at += closing + 2
		return token{kind: name, text: rest[1 : closing+1]}, nil
	}
	if found := number.FindString(rest); found != "" {
		l.at += len(found)
		if f, err := strconv.ParseFloat(found, 64); err != nil || math.IsInf(f, 0) {
			return token{}, fault("S0102", "Number out of range: %s", value.Text(found))
		}
		return token{kind: literal, data: value.ParseNumber(found)}, nil
	}
	return l.word(), nil
}

// skipBlanks skips blanks and comments.
func (l *lexer) skipBlanks() error {
	for l.at < len(l.text) {
		switch rest := l.text[l.at:]; {
		case strings.IndexByte(blanks, rest[0]) >= 0:
			l.at++
		case strings.HasPrefix(rest, "/*"):
			length := strings.Index(rest[2:], "*/")
			if length < 0 {
				return fault("S0106", "Comment has no closing tag")
			}
			l.at += length + 4
		default:
			return nil
		}
	}
	return nil
}

// word reads a name, a variable, a literal or an operator in letters: everything up to a blank or an operator.
func (l *lexer) word() token {
	start := l.at
	for l.at < len(l.text) {
		r, size := utf8.DecodeRuneInString(l.text[l.at:])
		if _, isOperator := bindingPower[string(r)]; isOperator || strings.ContainsRune(blanks, r) {
			break
		}
		l.at += size
	}
	switch word := l.text[start:l.at]; {
	case word[0] == '$':
		return token{kind: variable, text: word[1:]}
	case word == "and" || word == "or" || word == "in":
		return token{kind: operator, text: word}
	case word == "true" || word == "false":
		return token{kind: literal, data: word == "true"}
	case word == "null":
		return token{kind: literal}
	default:
		return token{kind: name, text: word}
	}
}

// quoted reads a string literal.
func (l *lexer) quoted(quote byte) (token, error) {
	var b strings.Builder
	for i := l.at + 1; i < len(l.text); i++ {
		c := l.text[i]
		switch c {
		case quote:
			l.at = i + 1
			return token{kind: literal, data: b.String()}, nil
		case '\\':
			if i++; i >= len(l.text) {
				break
			}
			at := strings.IndexByte(`"\/bfnrt`, l.text[i])
			switch {
			case at >= 0:
				b.WriteByte("\"\\/\b\f\n\r\t"[at])
			case l.text[i] == 'u':
				code, err := strconv.ParseUint(l.text[i+1:min(i+5, len(l.text))], 16, 16)
				if err != nil || i+5 > len(l.text) {
					return token{}, fault("S0104", `The escape sequence \u must be followed by 4 hex digits`)
				}
				b.WriteRune(rune(code))
				i += 4
			default:
				r, _ := utf8.DecodeRuneInString(l.text[i:])
				return token{}, fault("S0103", `Unsupported escape sequence: \%s`, value.Text(string(r)))
			}
		default:
			b.WriteByte(c)
		}
	}
	return token{}, fault("S0101", "String literal must be terminated by a matching quote")
}

// regex reads a regular expression, up to a / outside brackets, and its flags.
func (l *lexer) regex() (token, error) {
	start, depth := l.at+1, 0
	for i := start; i < len(l.text); i++ {
		c := l.text[i]
		escaped := l.text[i-1] == '\\' && (i < 2 || l.text[i-2] != '\\')
		switch {
		case c == '/' && !escaped && depth == 0:
			pattern := l.text[start:i]
			if pattern == "" {
				return token{}, fault("S0301", "Empty regular expressions are not allowed")
			}
			for i++; i < len(l.text) && (l.text[i] == 'i' || l.text[i] == 'm'); {
				i++
			}
			l.at = i
			return token{kind: regex, text: pattern}, nil
		case strings.IndexByte("([{", c) >= 0 && !escaped:
			depth++
		case strings.IndexByte(")]}", c) >= 0 && !escaped:
			depth--
		}
	}
	return token{}, fault("S0302", "No terminating / in regular expression")
}
