package main

import (
	"fmt"
	"io"
	"strings"

	"signalbox/asl"
	"signalbox/cmd/signalbox/internal/assembly"
)

type graphCmd struct {
	Machine string `arg:"" name:"machine|file" help:"A built-in machine, or the file of a definition."`
	Format  string `enum:"mermaid,dot" default:"mermaid" help:"mermaid: a state diagram. dot: Graphviz."`
}

// Run implements the command.
func (c *graphCmd) Run(s streams) error {
	d, err := assembly.ReadDefinition(c.Machine)
	if err != nil {
		return err
	}
	g := grapher{ids: map[*asl.State]string{}}
	g.number(&d.Machine.Block)
	if c.Format == "dot" {
		g.dot(d.Machine)
	} else {
		g.mermaid(d.Machine)
	}
	_, err = io.WriteString(s.out, g.String())
	return err
}

// A grapher writes a diagram. States have the identifiers s1, s2, … in it, and their names as labels, since a name may contain any
// character.
type grapher struct {
	strings.Builder
	ids map[*asl.State]string
}

// number gives identifiers to the states of a block and of those inside it.
func (g *grapher) number(b *asl.Block) {
	for s := range b.All() {
		g.ids[s] = fmt.Sprintf("s%d", len(g.ids)+1)
	}
}

// line writes a line, indented by depth steps.
func (g *grapher) line(depth int, format string, args ...any) {
	g.WriteString(strings.Repeat("    ", depth))
	_, _ = fmt.Fprintf(g, format, args...)
	g.WriteByte('\n')
}

func (g *grapher) mermaid(m *asl.Machine) {
	g.line(0, "stateDiagram-v2")
	g.mermaidBlock(&m.Block, 1)
}

// mermaidBlock writes the states of a block, those of a Parallel or Map in a composite state.
func (g *grapher) mermaidBlock(b *asl.Block, depth int) {
	g.line(depth, "[*] --> %s", g.ids[b.State(b.StartAt)])
	for _, s := range b.States {
		id := g.ids[s]
		g.line(depth, `state "%s" as %s`, mermaidText(s.Name), id)
		if len(s.Branches) > 0 {
			g.line(depth, "state %s {", id)
			for i, branch := range s.Branches {
				if i > 0 {
					g.line(depth+1, "--")
				}
				g.mermaidBlock(branch, depth+1)
			}
			g.line(depth, "}")
		}
		for _, t := range s.Transitions() {
			label := ""
			if t.Label != "" {
				label = " : " + mermaidText(t.Label)
			}
			g.line(depth, "%s --> %s%s", id, g.ids[t.To], label)
		}
		if s.Terminal() {
			g.line(depth, "%s --> [*]", id)
		}
	}
}

// mermaidText returns a label with Mermaid's syntax escaped as its entities.
func mermaidText(s string) string {
	return strings.NewReplacer(
		"#", "#35;", `"`, "#quot;", ";", "#59;", ":", "#58;", "<", "#lt;", ">", "#gt;", "\n", " ",
	).Replace(s)
}

func (g *grapher) dot(m *asl.Machine) {
	g.line(0, "digraph machine {")
	g.line(1, `graph [compound=true, fontname="sans-serif"]`)
	g.line(1, `node [shape=box, style=rounded, fontname="sans-serif"]`)
	g.line(1, `edge [fontname="sans-serif", fontsize=10]`)
	g.dotBlock(&m.Block, "start", 1)
	g.line(0, "}")
}

// dotBlock writes the states of a block and its start, a point with the identifier start; those of a Parallel or Map in clusters.
func (g *grapher) dotBlock(b *asl.Block, start string, depth int) {
	g.line(depth, `%s [shape=point, width=0.15]`, start)
	g.line(depth, "%s -> %s", start, g.ids[b.State(b.StartAt)])
	for _, s := range b.States {
		id := g.ids[s]
		shape := ""
		switch {
		case s.Type == asl.TypeChoice:
			shape = `, shape=diamond, style=""`
		case s.Terminal():
			shape = ", peripheries=2"
		}
		g.line(depth, `%s [label="%s"%s]`, id, dotText(s.Name+"\n"+s.Type.String()), shape)
		for i, branch := range s.Branches {
			inner := fmt.Sprintf("%s_%d", id, i+1)
			g.line(depth, "subgraph cluster_%s {", inner)
			g.line(depth+1, `label="%s"`, dotText(s.Name))
			g.dotBlock(branch, inner, depth+1)
			g.line(depth, "}")
			g.line(depth, "%s -> %s [style=dashed]", id, inner)
		}
		for _, t := range s.Transitions() {
			label := ""
			if t.Label != "" {
				label = fmt.Sprintf(` [label="%s"]`, dotText(t.Label))
			}
			g.line(depth, "%s -> %s%s", id, g.ids[t.To], label)
		}
	}
}

// dotText returns the contents of a quoted string of Graphviz.
func dotText(s string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s)
}
