package dev.troupe.deploy.bench;

import java.io.IOException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** What each request that is asked again gave the first time: it has a seed, so it must give the same ever after. */
final class FirstAnswers {
    private final Map<String, String> answers = new ConcurrentHashMap<>();

    /**
     * Keeps the first answer and compares later ones.
     *
     * @param request its name, the same for all forms of it that must have the same answer
     * @throws IOException when the answer is another one than the first
     */
    void check(String request, String answer) throws IOException {
        String first = answers.putIfAbsent(request, answer);
        if (first != null && !first.equals(answer)) {
            throw new IOException(request + " gave \"" + answer + "\", the first time \"" + first + "\"");
        }
    }
}
