package dev.troupe.model.chat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.Optional;
import java.util.Set;

/**
 * Reads one call, a JSON object with a name and arguments, character by character: says the name as soon as it is
 * complete, and the text of the arguments as it comes. Other members are skipped.
 */
final class CallScanner {
    private static final JsonMapper JSON = new JsonMapper();
    private static final String NAME = "name";
    private static final String ONLY_ARGUMENTS = ""; // in place of a key
    private static final Set<String> ARGUMENTS = Set.of("arguments", "parameters", ONLY_ARGUMENTS);

    private enum Phase {
        START,
        BEFORE_KEY,
        KEY,
        COLON,
        BEFORE_VALUE,
        VALUE,
        DONE,
        /** It is no such object. */
        BROKEN
    }

    private final StringBuilder raw = new StringBuilder();
    private final StringBuilder word = new StringBuilder(); // key, or a value that is not told as it comes
    private final StringBuilder arguments = new StringBuilder(); // that nobody took yet
    private Phase phase = Phase.START;
    private Optional<String> name = Optional.empty();
    private String key = "";
    private Optional<String> firstKey = Optional.empty();
    private boolean hadArguments;
    private int depth; // of the value
    private boolean inString;
    private boolean escaped;

    /** The reader of arguments alone, of a call whose name is known. */
    static CallScanner ofArguments(String name) {
        CallScanner scanner = new CallScanner();
        scanner.name = Optional.of(name);
        scanner.key = ONLY_ARGUMENTS;
        scanner.phase = Phase.BEFORE_VALUE;
        return scanner;
    }

    /** Everything so far. */
    String raw() {
        return raw.toString();
    }

    Optional<String> name() {
        return name;
    }

    /** Whether the first member is none of the name. */
    boolean startsOtherwise() {
        return firstKey.filter(first -> !first.equals(NAME)).isPresent();
    }

    /** Whether arguments were among the members so far. */
    boolean hasArguments() {
        return hadArguments;
    }

    boolean isDone() {
        return phase == Phase.DONE;
    }

    boolean isBroken() {
        return phase == Phase.BROKEN;
    }

    /** Text of the arguments since the last call of this. */
    String takeArguments() {
        String text = arguments.toString();
        arguments.setLength(0);
        return text;
    }

    void append(char c) {
        raw.append(c);
        boolean space = c == ' ' || c == '\n' || c == '\t' || c == '\r';
        switch (phase) {
            case START -> phase = c == '{' ? Phase.BEFORE_KEY : Phase.BROKEN;
            case BEFORE_KEY -> {
                if (c == '"') {
                    begin(Phase.KEY);
                } else if (c == '}') {
                    end();
                } else if (!space && c != ',') {
                    phase = Phase.BROKEN;
                }
            }
            case KEY -> {
                if (isStringEnd(c)) {
                    key = decoded('"' + word.toString() + '"');
                    firstKey = firstKey.or(() -> Optional.of(key));
                    phase = Phase.COLON;
                } else {
                    word.append(c);
                }
            }
            case COLON -> {
                if (c == ':') {
                    begin(Phase.BEFORE_VALUE);
                } else if (!space) {
                    phase = Phase.BROKEN;
                }
            }
            case BEFORE_VALUE -> {
                if (!space) {
                    phase = Phase.VALUE;
                    value(c);
                }
            }
            case VALUE -> value(c);
            case DONE, BROKEN -> phase = Phase.BROKEN;
        }
    }

    private void begin(Phase next) {
        phase = next;
        word.setLength(0);
        depth = 0;
        inString = false;
        escaped = false;
    }

    private boolean isStringEnd(char c) {
        boolean end = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        return end;
    }

    private void value(char c) {
        boolean first = word.isEmpty();
        boolean plain = !first && depth == 0 && !inString; // a number or a word, which ends before this
        if (plain && (c == ',' || c == '}' || Character.isWhitespace(c))) {
            endValue();
            if (c == '}') {
                end();
            }
            return;
        }
        word.append(c);
        if (ARGUMENTS.contains(key) && word.charAt(0) == '{') {
            hadArguments = true;
            arguments.append(c);
        }
        if (inString) {
            if (isStringEnd(c)) {
                inString = false;
                endWhenOutside();
            }
        } else if (c == '"') {
            inString = true;
            escaped = false;
        } else if (c == '{' || c == '[') {
            depth++;
        } else if (c == '}' || c == ']') {
            depth--;
            endWhenOutside();
        }
    }

    private void endWhenOutside() {
        if (depth == 0) {
            endValue();
        }
    }

    private void endValue() {
        String text = word.toString();
        if (key.equals(NAME) && text.startsWith("\"")) {
            name = Optional.of(decoded(text));
        } else if (ARGUMENTS.contains(key) && text.startsWith("\"")) {
            // Some models put the object into a string.
            hadArguments = true;
            arguments.append(decoded(text));
        }
        if (phase != Phase.BROKEN) {
            phase = key.equals(ONLY_ARGUMENTS) ? Phase.DONE : Phase.BEFORE_KEY;
        }
    }

    private void end() {
        if (phase == Phase.BROKEN || name.isEmpty()) {
            phase = Phase.BROKEN;
            return;
        }
        if (!hadArguments) {
            arguments.append("{}");
        }
        phase = Phase.DONE;
    }

    private String decoded(String json) {
        try {
            return JSON.readValue(json, String.class);
        } catch (JsonProcessingException e) {
            phase = Phase.BROKEN; // told as text then
            return "";
        }
    }
}
