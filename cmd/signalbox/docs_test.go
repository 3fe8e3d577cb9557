package main_test

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	mainpkg "signalbox/cmd/signalbox"
	"signalbox/internal/race"
)

// root is the project's folder.
var root = filepath.Join("..", "..")

// pages lists the pages for users, as slash-separated paths below the project's folder. Every command in them is run.
func pages(t *testing.T) []string {
	t.Helper()
	var list []string
	for _, pattern := range []string{"README.md", "docs/manual/*.md", "examples/*/README.md"} {
		found, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(pattern)))
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: no such page (%v)", pattern, err)
		}
		for _, file := range found {
			list = append(list, filepath.ToSlash(strings.TrimPrefix(file, root+string(filepath.Separator))))
		}
	}
	return list
}

func readPage(tb testing.TB, page string) string {
	tb.Helper()
	text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(page)))
	if err != nil {
		tb.Fatal(err)
	}
	return string(text)
}

// A block is a fenced or indented code block of a page.
type block struct {
	line  int    // of its first line of text, from 1
	info  string // what follows the opening fence: "json examples/light/board.yaml"
	lines []string
}

// blocks returns the code blocks of a Markdown text.
func blocks(text string) []block {
	var list []block
	var fenced, indented *block
	before := "" // the last line outside blocks
	for i, line := range strings.Split(text, "\n") {
		fence, isFence := strings.CutPrefix(strings.TrimSpace(line), "```")
		code, isIndented := strings.CutPrefix(line, "    ")
		switch {
		case fenced != nil && isFence:
			list = append(list, *fenced)
			fenced = nil
		case fenced != nil:
			fenced.lines = append(fenced.lines, line)
		case isFence:
			fenced = &block{line: i + 2, info: fence}
		case isIndented && (indented != nil || strings.TrimSpace(before) == ""):
			if indented == nil {
				indented = &block{line: i + 1}
			}
			indented.lines = append(indented.lines, code)
		case indented != nil && strings.TrimSpace(line) == "":
			indented.lines = append(indented.lines, "")
		default:
			if indented != nil {
				list = append(list, *indented)
				indented = nil
			}
			before = line
			continue
		}
		before = ""
	}
	if indented != nil {
		list = append(list, *indented)
	}
	return list
}

// A command is one command line of a page, with the output that the page shows below it.
type command struct {
	place string // page:line
	text  string // for a shell, without $ and with continuation lines joined
	want  []string
}

// program matches the start of a command line that runs signalbox.
var program = regexp.MustCompile(`^(\$ )?(go run \./cmd/signalbox|signalbox)( |$)`)

// commands returns the command lines of a page in order: lines of code blocks that begin with signalbox or with
// go run ./cmd/signalbox. In a block that has prompts, only lines with a prompt are commands.
func commands(page, text string) []command {
	var list []command
	for _, b := range blocks(text) {
		var current *command
		open := false // the last line ended in a backslash
		prompts := slices.ContainsFunc(b.lines, func(line string) bool { return strings.HasPrefix(line, "$ ") })
		for i, line := range b.lines {
			switch {
			case open:
				current.text = strings.TrimSuffix(current.text, `\`) + strings.TrimSpace(line)
				open = strings.HasSuffix(line, `\`)
			case program.MatchString(line) && prompts == strings.HasPrefix(line, "$ "):
				list = append(list, command{
					place: fmt.Sprintf("%s:%d", page, b.line+i),
					text:  program.ReplaceAllString(line, "signalbox$3"),
				})
				current = &list[len(list)-1]
				open = strings.HasSuffix(line, `\`)
			case strings.HasPrefix(line, "$ "):
				current = nil // another program's, with its output
			case current != nil:
				current.want = append(current.want, line)
			}
		}
	}
	for i := range list {
		text, _, _ := strings.Cut(list[i].text, "  #") // a comment
		list[i].text = strings.Join(strings.Fields(text), " ")
		for n := len(list[i].want); n > 0 && strings.TrimSpace(list[i].want[n-1]) == ""; n-- {
			list[i].want = list[i].want[:n-1]
		}
	}
	return list
}

// notRun lists the commands of the pages that cannot run here, with the reason.
var notRun = map[string]string{
	"signalbox run examples/light/light.asl.json --board examples/light/board.yaml --driver gpio":       "needs a Raspberry Pi",
	"signalbox run examples/blink/blink.asl.json --board examples/blink/board.yaml --driver gpio":       "needs a Raspberry Pi",
	"signalbox run migration-batch --source big/source.db --target postgres://me@localhost/new --plain": "needs PostgreSQL",
	"signalbox run migration-batch --source DIR/source.db --target postgres://me@localhost/new --plain": "needs PostgreSQL",
}

// exitCodes lists the commands of the pages that end with another exit code than 0: they show how a failure looks.
var exitCodes = map[string]int{
	"signalbox validate examples/faulty/lamp.asl.json":                                                                                                      2,
	"signalbox run examples/blink/blink.asl.json --board examples/faulty/lamps.yaml --plain":                                                                2,
	"signalbox run examples/order/order.asl.json --mocks examples/faulty/answers.json --case Ordered --plain":                                               2,
	"signalbox run intersection --config examples/faulty/hasty.yaml --plain":                                                                                2,
	"signalbox run examples/order/order.asl.json --mocks examples/order/mocks.json --case QueueIsGone --input @examples/order/input.json --speed 0 --plain": 1,
	"signalbox run intersection --scenario examples/intersection/stuck-green.yaml --speed 0 --plain":                                                        1,
	"signalbox run intersection --scenario examples/intersection/stuck-green.yaml --speed 0 --plain --data d":                                               1,
}

// Every command of README, manual and the examples' READMEs runs, and prints what the page shows below it. Where a page shows
// "…" any text may stand; "…" on a line of its own stands for any lines. A command that opens the screen is run for a while
// without it.
func TestCommandsOfThePapersRun(t *testing.T) {
	found := map[string]bool{}
	for _, page := range pages(t) {
		list := commands(page, readPage(t, page))
		for _, c := range list {
			found[c.text] = true
		}
		t.Run(page, func(t *testing.T) {
			t.Parallel()
			dir := project(t)
			for _, c := range list {
				// A simulated day and night is a matter of minutes with the race detector.
				if slow := race.Enabled && strings.Contains(c.text, "night.yaml"); notRun[c.text] == "" && !slow {
					c.run(t, dir)
				}
			}
		})
	}
	for text, reason := range notRun {
		switch {
		case !found[text]:
			t.Errorf("%q is listed as not run, and no page has it any more", text)
		case reason == "":
			t.Errorf("%q is listed as not run without a reason", text)
		}
	}
	for text := range exitCodes {
		if !found[text] {
			t.Errorf("%q is listed with an exit code, and no page has it any more", text)
		}
	}
}

// project returns a temporary folder that holds the files of the project that commands may name.
func project(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, sub := range []string{"examples", "machines"} {
		err := filepath.WalkDir(filepath.Join(root, sub), func(file string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			if sub == "machines" && filepath.Ext(file) != ".json" && filepath.Ext(file) != ".yaml" {
				return nil
			}
			text, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			to := filepath.Join(dir, strings.TrimPrefix(file, root))
			if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
				return err
			}
			return os.WriteFile(to, text, 0o600)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// clockTime matches the time of a line that a run prints.
var clockTime = regexp.MustCompile(`^\d+:\d\d:\d\d\.\d{3}  `)

// noScreen matches the flags of run without which it opens the screen.
var noScreen = regexp.MustCompile(` --(plain|json|explain)\b`)

func (c command) onScreen() bool {
	return strings.HasPrefix(c.text, "signalbox run ") && !noScreen.MatchString(c.text)
}

// realTime reports whether the command runs in real time: its times differ from run to run.
func (c command) realTime() bool {
	return strings.HasPrefix(c.text, "signalbox run migration") || strings.HasPrefix(c.text, "signalbox run examples/migration/")
}

// longest is how long a command of a page may take, on a slow machine that does other things as well.
const longest = 5 * time.Minute

// run runs the command in a folder and compares exit code and output.
func (c command) run(t *testing.T, dir string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), longest)
	defer cancel()
	text := c.text
	if c.onScreen() {
		text += " --plain --for 1s"
		if !c.realTime() {
			text += " --speed 0"
		}
		c.want = nil // the screen
	}
	cmd := exec.CommandContext(ctx, "sh", "-c", "exec "+text)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(signalbox)+string(os.PathListSeparator)+os.Getenv("PATH"),
		"HOME="+dir, "XDG_STATE_HOME="+filepath.Join(dir, "state"))
	out, err := cmd.CombinedOutput()
	if ctx.Err() != nil {
		t.Errorf("%s: %s: it has not ended in %v; list it in notRun with the reason", c.place, c.text, longest)
		return
	}
	if cmd.ProcessState == nil {
		t.Fatalf("%s: %s: %v", c.place, c.text, err)
	}
	if code := cmd.ProcessState.ExitCode(); code != exitCodes[c.text] {
		t.Errorf("%s: %s: got exit code %d, want %d; its output ends in\n%s", c.place, c.text, code, exitCodes[c.text],
			out[max(0, len(out)-1000):])
		return
	}
	if len(c.want) == 0 {
		return
	}
	got := strings.Split(strings.TrimRight(string(out), "\n"), "\n")
	want := slices.Clone(c.want)
	if c.realTime() {
		for _, lines := range [][]string{got, want} {
			for i, line := range lines {
				lines[i] = clockTime.ReplaceAllString(line, "T  ")
			}
		}
	}
	if n, rest := match(got, want); n >= 0 {
		t.Errorf("%s: %s: the page shows\n\t%s\nwhich is not what comes next:\n\t%s", c.place, c.text, want[n],
			strings.Join(rest[:min(len(rest), 20)], "\n\t"))
	}
}

// match compares lines with what a page shows. It returns -1 if they match, else the index of the first line of want that
// does not, and the lines that were not matched before it.
func match(got, want []string) (line int, rest []string) {
	anywhere := false // after a line of "…" alone
	for i, w := range want {
		if strings.TrimSpace(w) == "…" {
			anywhere = true
			continue
		}
		pattern := regexp.QuoteMeta(strings.TrimRight(w, " "))
		re := regexp.MustCompile("^" + strings.ReplaceAll(pattern, "…", ".*") + " *$")
		n := slices.IndexFunc(got, re.MatchString)
		if n < 0 || n > 0 && !anywhere {
			return i, got
		}
		got, anywhere = got[n+1:], false
	}
	if len(got) > 0 && !anywhere {
		return len(want) - 1, got
	}
	return -1, nil
}

// A block whose fence names a file of the project, as in ```json examples/light/light.asl.json, shows that file, or parts
// of it between lines of "…".
func TestFilesThatThePapersShowAreThose(t *testing.T) {
	for _, page := range append(pages(t), "docs/guide.md", "docs/rationale.md") {
		for _, b := range blocks(readPage(t, page)) {
			fields := strings.Fields(b.info)
			if len(fields) < 2 {
				continue
			}
			text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(fields[1])))
			if err != nil {
				t.Errorf("%s:%d: %v", page, b.line, err)
				continue
			}
			if n, _ := match(strings.Split(strings.TrimRight(string(text), "\n"), "\n"), b.lines); n >= 0 {
				t.Errorf("%s:%d: %s does not have this line here: %s", page, b.line+n, fields[1], b.lines[n])
			}
		}
	}
}

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.*)$`)
	noSlug  = regexp.MustCompile(`[^\p{L}\p{N}_ -]`)
)

// anchors returns the fragments by which the headings of a page can be linked to, as GitHub makes them.
func anchors(text string) []string {
	var list []string
	for _, m := range heading.FindAllStringSubmatch(text, -1) {
		list = append(list, strings.ReplaceAll(noSlug.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-"))
	}
	return list
}

// Links of the papers lead to files and headings that exist.
func TestLinksOfThePapersLead(t *testing.T) {
	all := pages(t)
	more, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range more {
		all = append(all, "docs/"+filepath.Base(file))
	}
	for _, page := range all {
		for _, m := range link.FindAllStringSubmatch(readPage(t, page), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			file, fragment, _ := strings.Cut(m[1], "#")
			to := page
			if file != "" {
				to = path.Join(path.Dir(page), file)
			}
			if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(to))); err != nil {
				t.Errorf("%s: link to %s: %v", page, m[1], err)
				continue
			}
			if fragment != "" && !slices.Contains(anchors(readPage(t, to)), fragment) {
				t.Errorf("%s: link to %s: there is no such heading; there are %q", page, m[1], anchors(readPage(t, to)))
			}
		}
	}
}

// fileName matches the names of files of the project.
var fileName = regexp.MustCompile(`\b(?:asl|cmd|docs|examples|gpio|internal|machines|tools|tui)/[a-z0-9_./-]*\.(?:go|yaml|json|md|sh)\b`)

// Guide, rationale, design and style name files that exist.
func TestFilesThatTheGuideNamesExist(t *testing.T) {
	for _, page := range []string{"docs/guide.md", "docs/rationale.md", "docs/design.md", "docs/style.md"} {
		for _, name := range fileName.FindAllString(readPage(t, page), -1) {
			if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(name))); err != nil {
				t.Errorf("%s names %s: %v", page, name, err)
			}
		}
	}
}

// testName matches the names of tests, benchmarks and fuzz targets.
var testName = regexp.MustCompile(`\b(?:Test|Benchmark|Fuzz)[A-Z]\w*`)

// Guide, rationale, design and style name tests and benchmarks that exist.
func TestTestsThatTheGuideNamesExist(t *testing.T) {
	var tests strings.Builder
	err := filepath.WalkDir(root, func(file string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(file, "_test.go") {
			return err
		}
		text, err := os.ReadFile(file)
		tests.Write(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range []string{"docs/guide.md", "docs/rationale.md", "docs/design.md", "docs/style.md"} {
		for _, name := range testName.FindAllString(readPage(t, page), -1) {
			if !strings.Contains(tests.String(), "func "+name+"(") {
				t.Errorf("%s names %s, which does not exist", page, name)
			}
		}
	}
}

// The manual has every subcommand and every flag.
func TestManualHasEveryFlag(t *testing.T) {
	var manual strings.Builder
	for _, page := range pages(t) {
		if strings.HasPrefix(page, "docs/manual/") {
			manual.WriteString(readPage(t, page))
		}
	}
	flags := regexp.MustCompile(`(?m)^ +(?:-\w, )?(--[a-z-]+)`)
	subcommands := mainpkg.Subcommands()
	if !slices.Contains(subcommands, "run") || !slices.Contains(subcommands, "ledger settle") {
		t.Fatalf("got the subcommands %q", subcommands)
	}
	for _, sub := range subcommands {
		if !strings.Contains(manual.String(), "signalbox "+sub) && sub != "ledger show" {
			t.Errorf("the manual does not show signalbox %s", sub)
		}
		help := run(t, append(strings.Fields(sub), "--help")...)
		for _, m := range flags.FindAllSubmatch(help, -1) {
			if flag := string(m[1]); flag != "--help" && !strings.Contains(manual.String(), flag) {
				t.Errorf("signalbox %s: the manual does not have %s", sub, flag)
			}
		}
	}
}

// A newcomer reads the README to its end.
func TestReadmeIsShort(t *testing.T) {
	if n := strings.Count(readPage(t, "README.md"), "\n"); n > 200 {
		t.Errorf("README.md has %d lines, want 200 at most; the manual has room", n)
	}
}
