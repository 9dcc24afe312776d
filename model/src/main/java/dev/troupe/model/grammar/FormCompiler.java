package dev.troupe.model.grammar;

import dev.troupe.model.grammar.AnswerForm.Part;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Makes an automaton of the forms that an answer may have. */
final class FormCompiler {
    private final Spelling spelling;
    private final GrammarBuilder grammar = new GrammarBuilder();
    private final JsonRules json = new JsonRules(grammar);
    private final Map<String, Integer> rules = new HashMap<>(); // by schema

    private FormCompiler(Spelling spelling) {
        this.spelling = spelling;
    }

    /**
     * The automaton of all texts of some forms.
     *
     * @param forms not empty
     * @throws SchemaException when a text is no schema, asks for what is not supported, is too large, or no text has
     *     any of the forms
     */
    static Automaton compile(List<AnswerForm> forms, Spelling spelling) {
        return new FormCompiler(spelling).compile(forms);
    }

    private Automaton compile(List<AnswerForm> forms) {
        int rule = grammar.rule();
        forms.forEach(form -> emit(form, grammar.start(rule), grammar.end(rule)));
        Automaton automaton = Determinizer.automaton(grammar, rule, spelling.alphabet());
        if (!automaton.isSatisfiable()) {
            boolean everSatisfiable = automaton.need(automaton.root()) != Automaton.NEVER;
            throw new SchemaException(
                    "#",
                    everSatisfiable
                            ? "asks for more than " + (Automaton.MAX_DEPTH - 2) + " objects and arrays in each other"
                            : "allows no value at all, or none that this model's vocabulary can spell");
        }
        return automaton;
    }

    private void emit(AnswerForm form, int from, int to) {
        List<Part> parts = new ArrayList<>(form.parts());
        int at = from;
        for (int times = 0; times <= form.most(); times++) {
            at = emit(parts.subList(0, parts.size() - 1), at);
            // The last part of all leads to the end itself: nothing is to be done behind it.
            int behind = times == form.most() ? to : grammar.state();
            emit(parts.getLast(), at, behind);
            if (behind != to) {
                grammar.empty(behind, to);
            }
            at = behind;
            parts = form.more();
        }
    }

    /** Parts one behind another; returns the state behind them. */
    private int emit(List<Part> parts, int from) {
        int at = from;
        for (Part part : parts) {
            int behind = grammar.state();
            emit(part, at, behind);
            at = behind;
        }
        return at;
    }

    private void emit(Part part, int from, int to) {
        // A model may begin its answer with a space or a line break.
        int at = json.space(from);
        switch (part.kind()) {
            case JSON -> grammar.call(at, rule(part.text()), to);
            case MARK -> grammar.literal(at, spelling.ofMark(part.text()), to);
            case CHOICE ->
                part.options()
                        .forEach(option -> emit(option.getLast(), emit(option.subList(0, option.size() - 1), at), to));
        }
    }

    private int rule(String schema) {
        Integer known = rules.get(schema);
        if (known != null) {
            return known;
        }
        int rule = grammar.rule();
        rules.put(schema, rule);
        SchemaCompiler.emit(schema, grammar, json, rule);
        return rule;
    }
}
