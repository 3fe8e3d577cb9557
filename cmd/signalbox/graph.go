package main

import (
	"fmt"
	"io"
	"strings"

	"signalbox/asl"
	"signalbox/cmd/signalbox/internal/assembly"
)

type graphCmd struct {
	Target string `arg:"" name:"machine|file" help:"A built-in machine, or the file of a definition."`
	Format string `enum:"mermaid,dot" default:"mermaid" help:"mermaid: a state diagram. dot: Graphviz."`
}

// Run implements the command.
func (c *graphCmd) Run(s streams) error {
	t, err := assembly.ReadTarget(c.Target)
	if err != nil {
		return err
	}
	definition := t.Machine
	g := grapher{ids: map[*asl.State]string{}}
	g.number(&definition.Block)
	if c.Format == "dot" {
		g.dot(definition)
	} else {
		g.mermaid(definition)
	}
	_, err = io.WriteString(s.out, g.String())
	return err
}

// A grapher writes a diagram. States are called s1, s2, … in it and carry their names as labels, which may hold anything.
type grapher struct {
	strings.Builder
	ids map[*asl.State]string
}

func (g *grapher) number(b *asl.Block) {
	for s := range b.All() {
		g.ids[s] = fmt.Sprintf("s%d", len(g.ids)+1)
	}
}

func (g *grapher) line(depth int, format string, args ...any) {
	g.WriteString(strings.Repeat("    ", depth))
	_, _ = fmt.Fprintf(g, format, args...)
	g.WriteByte('\n')
}

func (g *grapher) mermaid(m *asl.Machine) {
	g.line(0, "stateDiagram-v2")
	g.mermaidBlock(&m.Block, 1)
}

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

// mermaidText writes what Mermaid would take for syntax as its entities.
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

func dotText(s string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s)
}
