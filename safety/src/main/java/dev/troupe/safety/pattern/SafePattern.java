package dev.troupe.safety.pattern;

import dev.troupe.model.TroupeException;
import dev.troupe.safety.pattern.Syntax.AnyOf;
import dev.troupe.safety.pattern.Syntax.InOrder;
import dev.troupe.safety.pattern.Syntax.OneOf;
import dev.troupe.safety.pattern.Syntax.Repeated;
import dev.troupe.safety.pattern.Syntax.WordBorder;
import java.util.ArrayList;
import java.util.List;

/**
 * A pattern compiled to an automaton. Immutable; {@link PatternScan} runs it.
 *
 * <p>Syntax: characters; {@code .} for any; {@code [a-z_]}, {@code [^...]}; {@code \d \w \s} and their capitals;
 * {@code \b}; {@code (...)}, {@code (?:...)}; {@code |}; {@code ?}, <code>{m}</code>, <code>{m,n}</code>. Not there:
 * {@code *}, {@code +} and <code>{m,}</code> (a match must have a longest form, or a stream could be held back for
 * ever), anchors, back references and look-around (they need backtracking or the whole text).
 */
public final class SafePattern {
    private static final int MAX_INSTRUCTIONS = 4096;

    /** What a step of the automaton does. */
    sealed interface Instruction {
        /** Reads one character of the set, goes on at the next instruction. */
        record Read(CodePoints set) implements Instruction {}

        /** Goes on at the next instruction if this is the border of a word. */
        record Border() implements Instruction {}

        /** Goes on at all of these. */
        record Fork(List<Integer> targets) implements Instruction {}

        /** A match ends here. */
        record Accept() implements Instruction {}
    }

    private final List<Instruction> program = new ArrayList<>();
    private final boolean ignoreCase;
    private final int longest;

    private SafePattern(Syntax syntax, boolean ignoreCase) {
        this.ignoreCase = ignoreCase;
        this.longest = syntax.longest();
        emit(syntax);
        program.add(new Instruction.Accept());
    }

    /**
     * Compiles the syntax above.
     *
     * @throws TroupeException when the pattern is wrong, matches the empty text, or is too large
     */
    public static SafePattern regex(String source, boolean ignoreCase) {
        return compile(source, new PatternParser(source).parse(), ignoreCase);
    }

    /** A pattern of these very characters. */
    public static SafePattern literal(String text, boolean ignoreCase) {
        List<Syntax> parts = new ArrayList<>();
        text.codePoints().forEach(c -> parts.add(new OneOf(CodePoints.of(c))));
        return compile(text, new InOrder(parts), ignoreCase);
    }

    private static SafePattern compile(String source, Syntax syntax, boolean ignoreCase) {
        if (syntax.size() > MAX_INSTRUCTIONS) {
            throw new TroupeException("the pattern " + source + " is too large: it has " + syntax.size()
                    + " steps with its repetitions written out, and the most is " + MAX_INSTRUCTIONS);
        }
        if (syntax.shortest() == 0) {
            throw new TroupeException("the pattern '" + source + "' matches the empty text, and so everything");
        }
        return new SafePattern(syntax, ignoreCase);
    }

    private void emit(Syntax syntax) {
        switch (syntax) {
            case OneOf(var set) -> program.add(new Instruction.Read(set));
            case WordBorder border -> program.add(new Instruction.Border());
            case InOrder(var parts) -> parts.forEach(this::emit);
            case AnyOf(var choices) -> emitChoices(choices);
            case Repeated(var part, int min, int max) -> emitRepeats(part, min, max);
        }
    }

    private void emitChoices(List<Syntax> choices) {
        int fork = reserve();
        List<Integer> starts = new ArrayList<>();
        List<Integer> ends = new ArrayList<>();
        for (Syntax choice : choices) {
            starts.add(program.size());
            emit(choice);
            ends.add(reserve());
        }
        program.set(fork, new Instruction.Fork(List.copyOf(starts)));
        for (int end : ends) {
            program.set(end, new Instruction.Fork(List.of(program.size())));
        }
    }

    private void emitRepeats(Syntax part, int min, int max) {
        List<Integer> exits = new ArrayList<>();
        for (int i = 0; i < max; i++) {
            if (i >= min) {
                exits.add(reserve());
            }
            emit(part);
        }
        for (int exit : exits) {
            program.set(exit, new Instruction.Fork(List.of(exit + 1, program.size())));
        }
    }

    /** Keeps a place for a fork whose targets are not known yet. */
    private int reserve() {
        program.add(new Instruction.Accept());
        return program.size() - 1;
    }

    /** Most characters (code points) of a match. */
    public int longest() {
        return longest;
    }

    int numInstructions() {
        return program.size();
    }

    Instruction instruction(int index) {
        return program.get(index);
    }

    boolean reads(CodePoints set, int codePoint) {
        return ignoreCase ? set.containsIgnoringCase(codePoint) : set.contains(codePoint);
    }
}
