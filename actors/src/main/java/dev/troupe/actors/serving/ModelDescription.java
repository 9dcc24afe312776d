package dev.troupe.actors.serving;

import dev.troupe.actors.wire.WireMessage;
import dev.troupe.model.chat.TemplateTexts;
import dev.troupe.model.sampling.SamplingDefaults;

/**
 * What a replica serves; enough for a router on another node to tokenize for it.
 *
 * @param modelId the name that users ask for
 * @param version of the weights: the checkpoint's identity, named in every answer
 * @param tokenizer written in full on the way to another node
 * @param chatTemplate name of the template that turns messages into a prompt
 * @param templates those that came with the model, when they are to be used
 * @param sampling what its makers recommend
 * @param arithmetic how it is computed: what decides, beside weights and tokenizer, which bits come out
 */
public record ModelDescription(
        String modelId,
        String version,
        int contextLength,
        int vocabSize,
        ServedTokenizer tokenizer,
        String chatTemplate,
        long createdEpochSeconds,
        TemplateTexts templates,
        SamplingDefaults sampling,
        String arithmetic)
        implements WireMessage {

    /** A model without a template or recommendations of its own. */
    public ModelDescription(
            String modelId,
            String version,
            int contextLength,
            int vocabSize,
            ServedTokenizer tokenizer,
            String chatTemplate,
            long createdEpochSeconds) {
        this(
                modelId,
                version,
                contextLength,
                vocabSize,
                tokenizer,
                chatTemplate,
                createdEpochSeconds,
                TemplateTexts.NONE,
                SamplingDefaults.NONE,
                "");
    }
}
