package asl_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"signalbox/asl"
	"signalbox/asl/value"
)

// all prints the counts; all must hold, and there are at least so many in the folder beside the project.
func (t tally) all(tb testing.TB, what string, least int, failed []string) {
	tb.Helper()
	held, total := t.log(tb, what)
	if held != total {
		tb.Errorf("got %d of %d that hold:\n%s", held, total, strings.Join(failed, "\n"))
	}
	if os.Getenv("SIGNALBOX_CORPUS") == "" && total < least {
		tb.Errorf("got %d %s, want %d at least", total, what, least)
	}
}

// options are those for which a scenario's definition is read.
func (s scenario) options() asl.Options {
	kind := s.text("type")
	if kind == "" {
		kind = scenario{o: s.object("request")}.text("type")
	}
	return asl.Options{Express: kind == "EXPRESS"}
}

// definitionText is the text of the scenario's definition.
func (s scenario) definitionText() string {
	if text := (scenario{o: s.object("request")}).text("definition"); text != "" {
		return text
	}
	if text := s.text("definition"); text != "" {
		return text
	}
	definition, _ := s.o.Lookup("definition")
	return value.Text(definition)
}

// What AWS refused is refused, with its words.
func TestCorpusRefusedDefinitions(t *testing.T) {
	held := newTally()
	var failed []string
	for _, s := range scenarios(t, "create_rejected") {
		exception := scenario{o: s.object("expect")}.object("exception")
		diff := s.refused(s.definitionText(), s.options(), scenario{o: scenario{o: exception}.object("Error")}.text("Message"))
		held.add(s.text("area"), diff == "")
		if diff != "" {
			failed = append(failed, s.text("id")+"\n"+diff)
		}
	}
	// Those that were refused in the course of a conversation.
	for _, s := range scenarios(t, "api") {
		for _, step := range s.list("steps") {
			step := scenario{o: step.(*value.Object)}
			message := scenario{o: scenario{o: step.object("error")}.object("Error")}.text("Message")
			if !strings.HasPrefix(message, "Invalid State Machine Definition") && !strings.HasPrefix(message, "Error=ValueError") {
				continue
			}
			args := scenario{o: step.object("args")}
			diff := s.refused(args.definitionText(), args.options(), message)
			held.add(s.text("area"), diff == "")
			if diff != "" {
				failed = append(failed, s.text("id")+"\n"+diff)
			}
		}
	}
	held.all(t, "refused definitions that hold", 150, failed)
}

func (s scenario) refused(text string, o asl.Options, want string) string {
	m, faults := asl.ParseWith([]byte(text), o)
	if m != nil {
		return "taken"
	}
	if strings.HasPrefix(want, "Error=ValueError") {
		return "" // not AWS's words; AWS refuses as well
	}
	list := make([]string, len(faults))
	for i, f := range faults {
		list[i] = f.Code + ": " + f.Message + " at " + f.Location
	}
	got, _ := s.snapshot("Invalid State Machine Definition: '" + strings.Join(list, ", ") + "'").(string)
	if got != want {
		return "got  " + got + "\nwant " + want
	}
	return ""
}

func TestCorpusValidations(t *testing.T) {
	held := newTally()
	var failed []string
	for _, s := range scenarios(t, "validate") {
		_, faults := asl.ParseWith([]byte(s.definitionText()), s.options())
		diagnostics := []any{}
		for _, f := range faults {
			diagnostics = append(diagnostics, value.NewObject(
				"severity", f.Severity, "code", f.Code, "message", f.Message, "location", f.Location))
		}
		result := "OK"
		if faults.Failed() {
			result = "FAIL"
		}
		got := value.NewObject("result", result, "diagnostics", diagnostics, "truncated", false)
		want := scenario{o: s.object("expect")}.object("response")
		held.add(s.text("area"), value.Equal(got, want))
		if !value.Equal(got, want) {
			failed = append(failed, fmt.Sprintf("%s\ngot  %s\nwant %s", s.text("id"), value.Text(got), value.Text(want)))
		}
	}
	held.all(t, "validations that hold", 9, failed)
}

// What AWS took is taken: all machines that were run or created when it was recorded, those in JSONata as well.
func TestCorpusTakenDefinitions(t *testing.T) {
	held := newTally()
	var failed []string
	take := func(s scenario, text string, o asl.Options) {
		m, faults := asl.ParseWith([]byte(text), o)
		held.add(s.text("kind"), m != nil)
		if m == nil {
			failed = append(failed, s.text("id")+"\n"+faults.Error())
		}
	}
	for _, s := range scenarios(t, "execution") {
		take(s, s.definitionText(), s.options())
	}
	for _, s := range scenarios(t, "api") {
		for _, step := range s.list("steps") {
			step := scenario{o: step.(*value.Object)}
			args := scenario{o: step.object("args")}
			_, refused := step.o.Lookup("error")
			op := step.text("op")
			if text, _ := args.o.Lookup("definition"); text != nil && !refused && (op == "create_state_machine" || op == "update_state_machine") {
				take(s, args.definitionText(), args.options())
			}
		}
	}
	held.all(t, "definitions that AWS took, and that are taken", 1000, failed)
}

// A definition in a template has places that CloudFormation, SAM or Terraform fill before AWS sees it: ${Name}, or an object
// with a function of CloudFormation where a text belongs.
var (
	substitution = regexp.MustCompile(`("Resource":\s*)?"\$\{[^}"]*\}"|\$\{[^}"]*\}`)
	cfnFunction  = regexp.MustCompile(`("Resource":\s*)?\{\s*"(Ref|Fn::\w+)"\s*:\s*("[^"]*"|\[[^\]]*\])\s*\}`)
)

// filled puts a stand-in for each such place: a function where it is a whole Resource, a number where it stands for no text,
// else a text that is good in an ARN as well.
func filled(text string) string {
	text = cfnFunction.ReplaceAllString(text, `${1}"$${X}"`)
	var b strings.Builder
	inText, last := false, 0
	for _, at := range substitution.FindAllStringIndex(text, -1) {
		for i := last; i < at[0]; i++ {
			if text[i] == '"' && (i == 0 || text[i-1] != '\\') {
				inText = !inText
			}
		}
		b.WriteString(text[last:at[0]])
		last = at[1]
		switch found := text[at[0]:at[1]]; {
		case strings.HasPrefix(found, `"Resource"`):
			b.WriteString(`"Resource":"arn:aws:lambda:us-east-1:123456789012:function:f"`)
		case found[0] == '"':
			b.WriteString(`"aws"`)
		case inText:
			b.WriteString("aws")
		default:
			b.WriteString("1")
		}
	}
	return b.String() + text[last:]
}

func TestStandIns(t *testing.T) {
	const text = `{"Resource": "${A}", "B": "${B}", "C": ${C}, "D": "arn:${P}:\"${Q}\"", "E": {"Ref": "X"}, "Resource":{"Fn::GetAtt":["X","Arn"]}}`
	const want = `{"Resource":"arn:aws:lambda:us-east-1:123456789012:function:f", "B": "aws", "C": 1, "D": "arn:aws:\"aws\"", "E": "aws", ` +
		`"Resource":"arn:aws:lambda:us-east-1:123456789012:function:f"}`
	if got := filled(text); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// A reason says why a verdict is other than expected: for all faults that its pattern matches.
type reason struct{ pattern, because string }

// explained returns the reasons for all the faults of a definition, nil where one of them has none.
func explained(faults asl.Diagnostics, reasons []reason) []string {
	var list []string
	for _, f := range faults {
		i := slices.IndexFunc(reasons, func(r reason) bool { return regexp.MustCompile(r.pattern).MatchString(f.Error()) })
		if i < 0 {
			return nil
		}
		if !slices.Contains(list, reasons[i].because) {
			list = append(list, reasons[i].because)
		}
	}
	return list
}

// Why AWS refuses definitions that are published or that a peer calls valid.
var reasons = []reason{
	{
		`The field 'RoleArn' is required but was missing at .*/Credentials$`,
		"the recording create_rejected/credentials_base.test_invalid_credentials_field_EMPTY_CREDENTIALS",
	},
	{
		`'QueryLanguage' can not be 'JSONPath' if set to 'JSONata'`,
		"the recording validation/…type_standard_INVALID_DOWNGRADE_QUERY_LANGUAGE",
	},
	{
		`The resource provided arn:[a-z-]+:states:[a-z0-9-]+:\d*:aws-sdk:`,
		"AWS, \"Discover service integration patterns\": in the ARN of an integration region and account are empty",
	},
	{
		`The resource provided arn:[a-z-]+:swf:`,
		"AWS, \"Task workflow state\": a Resource is an activity, a Lambda function or an integration; the ARNs with swf are the " +
			"examples of the States Language, which leaves it to the interpreter what it can call",
	},
	{
		`(Parameters|Arguments) field is required for resource ARN`,
		"AWS refuses a call of a service without Parameters; all recordings have them, be they empty",
	},
	{
		`The field '\w+' is required but was missing at /States/.*/(Parameters|Arguments)$`,
		"AWS knows what the call of a service needs: its API reference calls the field required",
	},
	{
		`INVALID_VARIABLE_NAME`,
		"States Language, \"Variables\": a variable's name is an identifier of Unicode",
	},
}

// collectionReasons name what is wrong with single published definitions.
var collectionReasons = map[string]string{
	"shared-fallback-state-jsonata.asl.json": "QueryLanguage stands among the States, where AWS reads it as one; so the others are " +
		"in JSONPath and have fields of JSONata",
}

func TestCorpusCollection(t *testing.T) {
	files := definitionFiles(t, "collection", "*.asl.json")
	held := newTally()
	var failed []string
	for _, file := range files {
		name := filepath.Base(file)
		text := readText(t, file)
		m, faults := asl.Parse([]byte(filled(text)))
		why := explained(faults, reasons)
		if named := collectionReasons[name]; named != "" && m == nil {
			why = append(why, named)
		}
		held.add("collection", m != nil || why != nil)
		switch {
		case m == nil && why == nil:
			failed = append(failed, name+"\n"+faults.Error())
		case m == nil:
			t.Logf("refused: %s: %s", name, strings.Join(why, "; "))
		}
	}
	held.all(t, "published definitions that are taken, or refused for a reason", 80, failed)
}

// taken are reasons why AWS takes what asl-validator calls invalid, by what is in the text.
var taken = []reason{
	{
		`"\{%(\S|\s\s|\s*\\n)|(\S|\s\s|\\n\s*)%\}"`,
		"AWS wants {% and %} at the ends of an expression, no matter what blanks there are inside: published definitions have " +
			`"{% $states.input%}"`,
	},
}

func TestCorpusASLValidator(t *testing.T) {
	files := definitionFiles(t, "asl-validator", "*valid-*.json")
	held := newTally()
	var failed []string
	for _, file := range files {
		name := filepath.Base(file)
		text := filled(readText(t, file))
		m, faults := asl.Parse([]byte(text))
		agree := (m != nil) == strings.HasPrefix(name, "valid-")
		var why []string
		if !agree && m == nil {
			why = explained(faults, reasons)
		}
		for _, r := range taken {
			if !agree && m != nil && regexp.MustCompile(r.pattern).MatchString(text) {
				why = append(why, r.because)
			}
		}
		held.add(strings.SplitN(name, "-", 2)[0], agree || why != nil)
		switch {
		case !agree && why == nil:
			failed = append(failed, fmt.Sprintf("%s\n%v", name, faults))
		case !agree:
			t.Logf("differs: %s: %s", name, strings.Join(why, "; "))
		}
	}
	held.all(t, "verdicts of asl-validator that agree, or differ for a reason", 50, failed)
}

func definitionFiles(tb testing.TB, folder, pattern string) []string {
	tb.Helper()
	files, err := filepath.Glob(filepath.Join(corpus(tb), "definitions", folder, pattern))
	if err != nil {
		tb.Fatal(err)
	}
	return files
}

func readText(tb testing.TB, file string) string {
	tb.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		tb.Fatal(err)
	}
	return string(text)
}
