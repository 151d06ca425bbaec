"""A grammar as the smallest graph of words.

pocketsphinx copies a rule wherever it is named and joins the copies by empty transitions, which it then follows in
every frame: the grammar of the skills becomes 28,000 transitions and costs a tenth of real time. Determinised and
minimised it has a few thousand, for the same sentences. Rule of this file: a subset of JSGF without recursion, weights,
tags or `*` and `+`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

RULE = re.compile(r"(?:public\s+)?<([\w]+)>\s*=\s*([^;]*);")
PUBLIC = re.compile(r"public\s+<([\w]+)>")
TOKEN = re.compile(r"<\w+>|[()\[\]|]|[^\s()\[\]|<>]+")

Arcs = tuple[Mapping[str, int], ...]


@dataclass(frozen=True, slots=True)
class WordGraph:
    """A deterministic acyclic graph; every path from state 0 to a final state is a sentence."""

    arcs: Arcs
    """By state: the next state for each word."""
    final: frozenset[int]

    @property
    def words(self) -> set[str]:
        """Every word on an arc."""
        return {word for state in self.arcs for word in state}

    def accepts(self, sentence: str) -> bool:
        """Whether `sentence` is a path from the start to a final state."""
        state: int | None = 0
        for word in sentence.split():
            state = None if state is None else self.arcs[state].get(word)
        return state in self.final


class _Builder:
    """An automaton with empty transitions, put together from parts (Thompson's construction)."""

    def __init__(self, rules: Mapping[str, str]) -> None:
        self._rules = rules
        self._graphs: dict[str, WordGraph] = {}
        self._open: set[str] = set()
        self.words: list[dict[str, list[int]]] = []
        self.empty: list[list[int]] = []

    def state(self) -> int:
        self.words.append({})
        self.empty.append([])
        return len(self.words) - 1

    def choice(self, tokens: list[str], start: int) -> int:
        """Read alternatives up to a closing bracket (taken) or the end; returns the state behind them."""
        end = self.state()
        while True:
            at = self._sequence(tokens, start)
            self.empty[at].append(end)
            if not tokens or tokens.pop(0) != "|":
                return end

    def _sequence(self, tokens: list[str], at: int) -> int:
        while tokens and tokens[0] not in {"|", ")", "]"}:
            word = tokens.pop(0)
            if word in {"(", "["}:
                before, inner = at, self.state()
                self.empty[at].append(inner)
                at = self.choice(tokens, inner)
                if word == "[":
                    self.empty[before].append(at)
            elif word.startswith("<"):
                at = self._embed(self._graph(word.strip("<>")), at)
            else:
                after = self.state()
                self.words[at].setdefault(word, []).append(after)
                at = after
        return at

    def _graph(self, name: str) -> WordGraph:
        """The graph of a rule: built once, embedded wherever the rule is named."""
        if name in self._open or name not in self._rules:
            raise ValueError(f"the grammar's rule <{name}> is missing or names itself")
        if name not in self._graphs:
            self._open.add(name)
            part = _Builder(self._rules)
            part._graphs, part._open = self._graphs, self._open
            start = part.state()
            end = part.choice(TOKEN.findall(self._rules[name]), start)
            self._graphs[name] = _minimal(part, start, end)
            self._open.discard(name)
        return self._graphs[name]

    def _embed(self, graph: WordGraph, at: int) -> int:
        states = [self.state() for _ in graph.arcs]
        end = self.state()
        self.empty[at].append(states[0])
        for number, arcs in enumerate(graph.arcs):
            for word, target in arcs.items():
                self.words[states[number]].setdefault(word, []).append(states[target])
            if number in graph.final:
                self.empty[states[number]].append(end)
        return end

    def graph(self, name: str) -> WordGraph:
        """The minimal graph of rule `name`."""
        return self._graph(name)


def _minimal(automaton: _Builder, start: int, end: int) -> WordGraph:
    """The smallest graph of `automaton`: subsets of its states, equal continuations merged from the end on."""
    merged: dict[tuple[bool, tuple[tuple[str, int], ...]], int] = {}
    known: dict[frozenset[int], int] = {}

    def closure(states: list[int]) -> frozenset[int]:
        reached, waiting = set(states), list(states)
        while waiting:
            fresh = [state for state in automaton.empty[waiting.pop()] if state not in reached]
            reached.update(fresh)
            waiting.extend(fresh)
        return frozenset(state for state in reached if automaton.words[state] or state == end)

    def visit(states: frozenset[int]) -> int:
        if states not in known:
            targets: dict[str, list[int]] = {}
            for state in states:
                for word, following in automaton.words[state].items():
                    targets.setdefault(word, []).extend(following)
            arcs = tuple(sorted((word, visit(closure(following))) for word, following in targets.items()))
            known[states] = merged.setdefault((end in states, arcs), len(merged))
        return known[states]

    first = visit(closure([start]))
    # States were numbered from the end; state 0 shall be the start.
    order = {first: 0}
    for number in merged.values():
        order.setdefault(number, len(order))
    arcs_of: list[Mapping[str, int]] = [{}] * len(merged)
    for (_, arcs), number in merged.items():
        arcs_of[order[number]] = {word: order[target] for word, target in arcs}
    return WordGraph(tuple(arcs_of), frozenset(order[number] for (is_end, _), number in merged.items() if is_end))


def word_graph(jsgf: str) -> WordGraph:
    """The graph of a grammar's public rule. Raises `ValueError` where it has none, or one that cannot be read."""
    public = PUBLIC.search(jsgf)
    if public is None:
        raise ValueError("the grammar has no public rule")
    return _Builder(dict(RULE.findall(jsgf))).graph(public[1])
