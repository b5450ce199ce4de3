package org.llava4j.eval.tiny;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import org.llava4j.data.batch.BatchLayout;
import org.llava4j.data.batch.CollatorOptions;
import org.llava4j.data.conversation.Conversation;
import org.llava4j.data.conversation.ConversationEncoder;
import org.llava4j.data.conversation.ConversationTemplate;
import org.llava4j.data.conversation.ConversationTemplates;
import org.llava4j.data.conversation.EncodedSample;
import org.llava4j.data.conversation.ImageMarkup;
import org.llava4j.data.conversation.Turn;
import org.llava4j.data.conversation.TurnLayout;
import org.llava4j.data.synthetic.CorpusDocument;
import org.llava4j.data.synthetic.TextCorpus;
import org.llava4j.data.tokenizer.LlamaTokenizer;
import org.llava4j.model.Llava;
import org.llava4j.model.Placeholders;

/** Training of the tiny decoder on text only: reading, comparing, and answering with an option's letter. */
final class TinyDecoder {
    private static final int BATCH_SIZE = 48;
    private static final double LEARNING_RATE = 2e-3;

    /** Documents that are sorted by length together (length-grouped batching), to reduce padding. */
    private static final int BUCKETING_WINDOW = 16 * BATCH_SIZE;

    /** Plain text as in stage 1: context, a line break, the target, and a line break that ends it. */
    private static final TurnLayout NOTE = new TurnLayout("", false, "", "\n", "", "", "\n", "");

    private static final ConversationTemplate NOTES = new ConversationTemplate("notes", List.of(), "", NOTE, NOTE);

    private TinyDecoder() {}

    static Llava train(LlamaTokenizer tokenizer, long seed, int steps) {
        Llava model = Llava.buildLlama(TinyModelConfig.decoder(), new TinyInitializer(seed));
        model.setTrainable(name -> true);
        ConversationEncoder chats =
                new ConversationEncoder(tokenizer, ConversationTemplates.named("tiny"), ImageMarkup.V1);
        ConversationEncoder notes = new ConversationEncoder(tokenizer, NOTES, ImageMarkup.V1);
        CollatorOptions options = new CollatorOptions(
                1, TinyModelConfig.VOCABULARY_SIZE, TinyModelConfig.MAX_LENGTH, CollatorOptions.PaddingSide.RIGHT, 8);
        List<CorpusDocument> documents = TextCorpus.documents(seed, steps * BATCH_SIZE + BUCKETING_WINDOW)
                .toList();
        Deque<List<EncodedSample>> window = new ArrayDeque<>();
        new TinyTrainingLoop("decoder", LEARNING_RATE, steps).train(model, step -> {
            if (window.isEmpty()) {
                int from = step * BATCH_SIZE;
                window.addAll(batches(documents.subList(from, from + BUCKETING_WINDOW), chats, notes, seed + step));
            }
            List<EncodedSample> batch = window.remove();
            return Placeholders.text(BatchLayout.collate(batch, new int[batch.size()], options));
        });
        return model;
    }

    private static List<List<EncodedSample>> batches(
            List<CorpusDocument> documents, ConversationEncoder chats, ConversationEncoder notes, long seed) {
        List<EncodedSample> samples = new ArrayList<>();
        for (CorpusDocument document : documents) {
            List<Turn> turns = List.of(Turn.human(document.context()), Turn.gpt(document.answer()));
            ConversationEncoder encoder = document.chat() ? chats : notes;
            samples.add(encoder.encode(new Conversation("", List.of(), turns)));
        }
        samples.sort((a, b) -> Integer.compare(a.inputIds().length, b.inputIds().length));
        List<List<EncodedSample>> batches = new ArrayList<>();
        for (int from = 0; from < samples.size(); from += BATCH_SIZE) {
            batches.add(samples.subList(from, from + BATCH_SIZE));
        }
        Collections.shuffle(batches, new Random(seed));
        return batches;
    }
}
