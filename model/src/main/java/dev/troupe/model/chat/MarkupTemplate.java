package dev.troupe.model.chat;

import dev.troupe.model.tokenizer.Tokenizer;
import java.util.List;

/**
 * The published ways to mark up a chat, for models that bring no template of their own. Only the marks become special
 * tokens; what users write is encoded as text.
 */
record MarkupTemplate(String name, Style style) implements ChatTemplate {
    /** Sets the marks of a chat. */
    @FunctionalInterface
    interface Style {
        void write(List<ChatMessage> messages, Marked out);
    }

    static final List<MarkupTemplate> ALL = List.of(
            new MarkupTemplate("chatml", MarkupTemplate::chatml),
            new MarkupTemplate("llama3", MarkupTemplate::llama3),
            new MarkupTemplate("zephyr", MarkupTemplate::zephyr),
            new MarkupTemplate("llama2", MarkupTemplate::llama2));

    @Override
    public int[] prompt(List<ChatMessage> messages, Tokenizer tokenizer) {
        Marked out = new Marked(tokenizer);
        style.write(messages, out);
        return out.ids();
    }

    /** Qwen 2, SmolLM2 and many fine-tuned models. */
    private static void chatml(List<ChatMessage> messages, Marked out) {
        for (ChatMessage message : messages) {
            out.mark("<|im_start|>").text(message.role() + "\n" + message.content());
            out.mark("<|im_end|>").text("\n");
        }
        out.mark("<|im_start|>").text("assistant\n");
    }

    private static void llama3(List<ChatMessage> messages, Marked out) {
        for (ChatMessage message : messages) {
            llama3Header(message.role(), out);
            out.text(message.content().strip()).mark("<|eot_id|>");
        }
        llama3Header("assistant", out);
    }

    private static void llama3Header(String role, Marked out) {
        out.mark("<|start_header_id|>").text(role).mark("<|end_header_id|>").text("\n\n");
    }

    /** TinyLlama's chat model. */
    private static void zephyr(List<ChatMessage> messages, Marked out) {
        for (ChatMessage message : messages) {
            out.text("<|" + message.role() + "|>\n" + message.content())
                    .mark("</s>")
                    .text("\n");
        }
        out.text("<|assistant|>\n");
    }

    /** Llama 2 and Mistral: only users' turns are marked; what the system says leads the next of them. */
    private static void llama2(List<ChatMessage> messages, Marked out) {
        String system = "";
        for (ChatMessage message : messages) {
            switch (message.role()) {
                case "system" -> system = "<<SYS>>\n" + message.content().strip() + "\n<</SYS>>\n\n";
                case "assistant" ->
                    out.text(" " + message.content().strip() + " ").mark("</s>");
                default -> {
                    out.text("[INST] " + system + message.content().strip() + " [/INST]");
                    system = "";
                }
            }
        }
    }
}
