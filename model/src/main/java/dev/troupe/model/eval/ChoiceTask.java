package dev.troupe.model.eval;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.troupe.model.TroupeException;
import dev.troupe.model.data.TokenBatches;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Multiple choice by log-likelihood: the answer is the choice with the highest log-probability a byte after the prompt.
 * The score is the share of questions whose answer is right. A file has a question a line, as JSON:
 *
 * <pre>{"prompt": "The capital of France is", "choices": [" Paris", " Rome"], "answer": 0}</pre>
 */
record ChoiceTask(Path file) implements EvaluationTask {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** @param answer index of the right choice */
    private record Question(
            @JsonProperty(required = true) String prompt,
            @JsonProperty(required = true) List<String> choices,
            @JsonProperty(required = true) int answer) {}

    @Override
    public String name() {
        return "choice:" + file.getFileName();
    }

    @Override
    public double score(EvaluatedModel model) {
        List<Question> questions = read();
        int right = 0;
        for (Question question : questions) {
            right += answer(model, question) == question.answer() ? 1 : 0;
        }
        return (double) right / questions.size();
    }

    private List<Question> read() {
        List<Question> questions = new ArrayList<>();
        try {
            for (String line : Files.readAllLines(file)) {
                if (!line.isBlank()) {
                    questions.add(parse(line, questions.size() + 1));
                }
            }
        } catch (IOException e) {
            throw new TroupeException(file + " cannot be read: " + e, e);
        }
        if (questions.isEmpty()) {
            throw new TroupeException(file + " has no questions");
        }
        return questions;
    }

    private Question parse(String line, int number) {
        try {
            Question question = JSON.readValue(line, Question.class);
            boolean whole = question.choices().stream().noneMatch(String::isEmpty)
                    && question.answer() >= 0
                    && question.answer() < question.choices().size();
            if (whole) {
                return question;
            }
        } catch (JsonProcessingException e) {
            throw new TroupeException(file + ": question " + number + " is not as it must be: " + e.getMessage(), e);
        }
        throw new TroupeException(
                file + ": question " + number + " has an empty choice, or an answer that is none of them");
    }

    private static int answer(EvaluatedModel model, Question question) {
        int best = 0;
        double highest = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < question.choices().size(); i++) {
            String choice = question.choices().get(i);
            double perByte = logProb(model, question.prompt(), choice) / choice.getBytes(StandardCharsets.UTF_8).length;
            if (perByte > highest) {
                highest = perByte;
                best = i;
            }
        }
        return best;
    }

    /** Of the tokens by which prompt and choice differ from the prompt alone. */
    private static double logProb(EvaluatedModel model, String prompt, String choice) {
        Tokenizer tokenizer = model.tokenizer();
        int first = tokenizer.beginOfText().orElseGet(tokenizer::endOfText);
        int[] begin = first == Tokenizer.NO_TOKEN ? new int[0] : new int[] {first};
        int[] whole = join(begin, tokenizer.encode(prompt + choice));
        int[] alone = join(begin, tokenizer.encode(prompt));
        int mismatch = Arrays.mismatch(whole, alone);
        int from = Math.max(1, mismatch < 0 ? whole.length : mismatch); // the first token of all has no probability
        int start = Math.max(0, whole.length - 1 - model.time()); // what does not fit goes in front
        int length = whole.length - 1 - start;
        if (length < 1) {
            return 0;
        }
        int[] inputs = Arrays.copyOfRange(whole, start, start + length);
        int[] targets = Arrays.copyOfRange(whole, start + 1, start + 1 + length);
        Arrays.fill(targets, 0, Math.clamp(from - start - 1L, 0, length), TokenBatches.IGNORED);
        model.stage().evaluate(inputs, length, targets);
        Tensor losses = model.stage().tokenLosses(); // [length], 0 where the target does not count
        double logProb = 0;
        for (int i = 0; i < length; i++) {
            logProb -= targets[i] == TokenBatches.IGNORED ? 0 : losses.get(i);
        }
        return logProb;
    }

    private static int[] join(int[] first, int[] second) {
        int[] joined = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, joined, first.length, second.length);
        return joined;
    }
}
