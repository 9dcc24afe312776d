package dev.troupe.model.chat;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Finds calls of functions in an answer whose text comes in pieces. What is no call stays text: nothing of an answer is
 * lost, but for marks and white space around calls. The result does not depend on how the text is cut into pieces. One
 * per answer, not thread-safe.
 */
public final class ToolCallParser {
    /** A piece of the result. */
    public sealed interface Part {
        /** Text of the answer. */
        record Text(String text) implements Part {}

        /**
         * A call or more of one.
         *
         * @param index of the call in the answer
         * @param name in the first part of a call, else ""
         * @param arguments more of the text of a JSON object
         */
        record Call(int index, String name, String arguments) implements Part {}
    }

    /** Characters of a name, an id and their marks: what is longer is no call. */
    private static final int MOST_NAME = 200;

    private enum Phase {
        /** The beginning of an answer that has either calls or text. */
        START,
        /** Text, in which a mark may come. */
        TEXT,
        /** Behind a mark: a name, up to the mark of its arguments. */
        NAME,
        /** Behind a mark, or where a call may be without one: white space up to the call. */
        BEFORE_CALL,
        CALL,
        /** Behind a call: up to the closing mark or the next call. */
        BEHIND_CALL,
        /** Text, in which no mark means anything. */
        ONLY_TEXT
    }

    private final ToolFormat format;
    private final Set<String> names;
    private final boolean exclusive;
    private final StringBuilder held = new StringBuilder(); // may be part of a mark, or white space before one
    private int nameFrom; // in what is held
    private String name = ""; // of the call whose arguments come
    private final List<Part> parts = new ArrayList<>();
    private Phase phase;
    private @Nullable CallScanner scanner;
    private int numCalls;
    private int numComplete;
    private boolean started; // the call was told

    private ToolCallParser(ToolFormat format, Set<String> names, boolean exclusive, Phase phase) {
        this.format = format;
        this.names = Set.copyOf(names);
        this.exclusive = exclusive;
        this.phase = phase;
    }

    /**
     * The reader of an answer that may have text and calls.
     *
     * @param names of the functions that there are
     */
    public static ToolCallParser ofText(ToolFormat format, Set<String> names) {
        return new ToolCallParser(format, names, false, format == ToolFormat.LLAMA ? Phase.BEFORE_CALL : Phase.TEXT);
    }

    /** The reader of an answer whose opening mark stands before it already. */
    public static ToolCallParser ofCalls(ToolFormat format, Set<String> names) {
        return new ToolCallParser(format, names, false, behindMark(format));
    }

    private static Phase behindMark(ToolFormat format) {
        return format == ToolFormat.MISTRAL_ARGS ? Phase.NAME : Phase.BEFORE_CALL;
    }

    /**
     * The reader of an answer that is either calls from its beginning on, or text, in which no mark means anything. In
     * Llama's format a call has arguments then: JSON with the name of a function alone is text.
     */
    public static ToolCallParser ofEither(ToolFormat format, Set<String> names) {
        return new ToolCallParser(format, names, true, format == ToolFormat.LLAMA ? Phase.BEFORE_CALL : Phase.START);
    }

    /** Calls that were found, the one that is not complete included. */
    public int numCalls() {
        return numCalls;
    }

    /** Calls that are complete. */
    public int numComplete() {
        return numComplete;
    }

    /** What more of the text says. */
    public List<Part> append(String text) {
        for (int i = 0; i < text.length(); i++) {
            append(text.charAt(i));
        }
        if (phase == Phase.TEXT) {
            releaseText();
        }
        tellArguments();
        return taken();
    }

    /** The end of the answer: what was held back is text, but for white space behind calls. */
    public List<Part> finish() {
        if (phase == Phase.CALL && !started) {
            revert();
        }
        if (numCalls == 0 || !held.toString().isBlank()) {
            addText(held.toString());
        }
        held.setLength(0);
        return taken();
    }

    private List<Part> taken() {
        List<Part> result = List.copyOf(parts);
        parts.clear();
        return result;
    }

    private void append(char c) {
        switch (phase) {
            case START -> {
                held.append(c);
                String seen = held.toString().stripLeading();
                if (seen.equals(format.open())) {
                    passMark();
                } else if (!format.open().startsWith(seen)) {
                    addText(held.toString());
                    held.setLength(0);
                    phase = Phase.ONLY_TEXT;
                }
            }
            case TEXT -> {
                held.append(c);
                if (endsWith(format.open())) {
                    held.setLength(held.length() - format.open().length());
                    addText(held.toString().stripTrailing());
                    hold(format.open());
                    passMark();
                }
            }
            case NAME -> inName(c);
            case BEFORE_CALL, BEHIND_CALL -> between(c);
            case CALL -> inCall(c);
            case ONLY_TEXT -> addText(String.valueOf(c));
        }
    }

    private void passMark() {
        phase = behindMark(format);
        nameFrom = held.length();
    }

    /** An id may follow the name; it is the model's own, and no two of its calls need differ in it. */
    private void inName(char c) {
        held.append(c);
        if (endsWith(ToolFormat.ARGS)) {
            String named = held.substring(nameFrom, held.length() - ToolFormat.ARGS.length());
            int id = named.indexOf(ToolFormat.CALL_ID);
            name = (id < 0 ? named : named.substring(0, id)).strip();
            phase = Phase.BEFORE_CALL;
        }
        if (held.length() - nameFrom > MOST_NAME || (phase == Phase.BEFORE_CALL && name.isEmpty())) {
            revert();
        }
    }

    private boolean endsWith(String mark) {
        return held.length() >= mark.length()
                && held.substring(held.length() - mark.length()).equals(mark);
    }

    private void hold(String text) {
        held.setLength(0);
        held.append(text);
    }

    /** White space, marks and separators before and behind calls. */
    private void between(char c) {
        boolean separator = (format == ToolFormat.MISTRAL && "[],".indexOf(c) >= 0)
                || (format == ToolFormat.LLAMA && phase == Phase.BEHIND_CALL && c == ';');
        if (c == '{') {
            scanner = format == ToolFormat.MISTRAL_ARGS ? CallScanner.ofArguments(name) : new CallScanner();
            started = false;
            phase = Phase.CALL;
            inCall(c);
            return;
        }
        if (Character.isWhitespace(c) || separator) {
            if (phase == Phase.BEFORE_CALL) {
                held.append(c);
            }
            return;
        }
        held.append(c);
        String seen = held.toString().strip();
        if (phase == Phase.BEHIND_CALL && format == ToolFormat.HERMES) {
            if (seen.equals(format.close())) {
                held.setLength(0);
                phase = Phase.TEXT;
            } else if (!format.close().startsWith(seen)) {
                phase = Phase.TEXT; // a model that forgets the mark
            }
        } else if (format == ToolFormat.LLAMA && format.open().startsWith(seen)) {
            if (seen.equals(format.open())) {
                hold(format.open());
            }
        } else {
            addText(held.toString());
            held.setLength(0);
            phase = textPhase();
        }
    }

    /** Where calls have marks, there may be one behind text that looked like one. */
    private Phase textPhase() {
        return format == ToolFormat.HERMES || format == ToolFormat.MISTRAL_ARGS ? Phase.TEXT : Phase.ONLY_TEXT;
    }

    private void inCall(char c) {
        CallScanner call = scanner;
        if (call == null) {
            throw new IllegalStateException("a call without its scanner");
        }
        call.append(c);
        if (!started && (call.isBroken() || isText(call))) {
            revert();
            return;
        }
        if (!isLlamaOrText() || call.hasArguments()) {
            call.name().ifPresent(this::start);
        }
        if (call.isDone() || call.isBroken()) {
            tellArguments();
            numComplete++;
            held.setLength(0);
            scanner = null;
            phase = format == ToolFormat.MISTRAL_ARGS ? Phase.TEXT : Phase.BEHIND_CALL;
        }
    }

    /** Llama's calls need no mark: what is none of a known function is just JSON. */
    private boolean isText(CallScanner call) {
        return (format == ToolFormat.LLAMA
                        && call.name().filter(name -> !names.contains(name)).isPresent())
                || (isLlamaOrText() && (call.startsOtherwise() || (call.isDone() && !call.hasArguments())));
    }

    /** Whether objects must be told apart by what is in them: a call has a name, then arguments. */
    private boolean isLlamaOrText() {
        return exclusive && format == ToolFormat.LLAMA;
    }

    private void start(String name) {
        if (started) {
            return;
        }
        started = true;
        held.setLength(0);
        parts.add(new Part.Call(numCalls++, name, ""));
    }

    private void tellArguments() {
        if (scanner != null && started) {
            String text = scanner.takeArguments();
            if (!text.isEmpty()) {
                parts.add(new Part.Call(numCalls - 1, "", text));
            }
        }
    }

    /** What looked like a call is none: its text, and the mark before it. */
    private void revert() {
        String text = held + (scanner == null ? "" : scanner.raw());
        scanner = null;
        held.setLength(0);
        addText(text);
        phase = textPhase();
    }

    /** All that cannot be the beginning of a mark, with the white space before it. */
    private void releaseText() {
        int keep = 0;
        for (int length = Math.min(held.length(), format.open().length() - 1); length > 0 && keep == 0; length--) {
            if (endsWith(format.open().substring(0, length))) {
                keep = length;
            }
        }
        int end = held.length() - keep;
        while (end > 0 && Character.isWhitespace(held.charAt(end - 1))) {
            end--;
        }
        addText(held.substring(0, end));
        held.delete(0, end);
    }

    private void addText(String text) {
        if (text.isEmpty()) {
            return;
        }
        if (!parts.isEmpty() && parts.getLast() instanceof Part.Text(String before)) {
            parts.set(parts.size() - 1, new Part.Text(before + text));
        } else {
            parts.add(new Part.Text(text));
        }
    }
}
