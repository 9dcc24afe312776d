package dev.troupe.model.chat;

/** Steps that templates share. */
final class Prompts {
    private Prompts() {}

    static int[] prepend(int first, int[] ids) {
        int[] prompt = new int[ids.length + 1];
        prompt[0] = first;
        System.arraycopy(ids, 0, prompt, 1, ids.length);
        return prompt;
    }
}
