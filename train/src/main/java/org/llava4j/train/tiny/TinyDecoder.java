package org.llava4j.train.tiny;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import org.llava4j.data.batch.SpliceLayout;
import org.llava4j.data.batch.SpliceOptions;
import org.llava4j.data.conversation.Conversation;
import org.llava4j.data.conversation.ConversationEncoder;
import org.llava4j.data.conversation.ConversationTemplate;
import org.llava4j.data.conversation.EncodedSample;
import org.llava4j.data.conversation.ImageMarkup;
import org.llava4j.data.conversation.Turn;
import org.llava4j.data.conversation.TurnLayout;
import org.llava4j.data.text.LlamaTokenizer;
import org.llava4j.data.world.Document;
import org.llava4j.data.world.TextCorpus;
import org.llava4j.model.Llava;
import org.llava4j.model.Placeholders;
import org.llava4j.train.AdamW;
import org.llava4j.train.Trainer;
import org.llava4j.train.WarmupCosine;

/** The decoder learns to read, to compare and to name an option's letter, from text alone. */
final class TinyDecoder {
    private static final int BATCH = 48;
    private static final double RATE = 1.2e-3;
    private static final double WARMUP = 0.03;
    private static final AdamW.Settings ADAM = new AdamW.Settings(0.9, 0.98, 1e-8, 0, 1);
    private static final int REPORT_EVERY = 100;

    /** Batches are cut from so many documents sorted by length, so that little is padding. */
    private static final int WINDOW = 16 * BATCH;

    /** Plain text: what is given, a line break, what is learned. */
    private static final ConversationTemplate NOTES = new ConversationTemplate(
            "notes", List.of(), "", new TurnLayout("", false, "", "\n", "", "", "</s>", ""), null);

    private TinyDecoder() {}

    /** @param chat how the model is asked and answers */
    static Llava train(LlamaTokenizer tokenizer, ConversationTemplate chat, long seed, int steps) {
        Llava model = Llava.buildLlama(TinySizes.decoder(), new TinyWeights(seed));
        model.train(name -> true);
        Trainer trainer = new Trainer(model, new AdamW(ADAM), WarmupCosine.of(RATE, WARMUP, steps));
        ConversationEncoder chats = new ConversationEncoder(tokenizer, chat, ImageMarkup.V1);
        ConversationEncoder notes = new ConversationEncoder(tokenizer, NOTES, ImageMarkup.V1);
        SpliceOptions options =
                new SpliceOptions(1, TinySizes.VOCABULARY, TinySizes.MAX_LENGTH, SpliceOptions.Side.RIGHT, 8);
        List<List<EncodedSample>> window = List.of();
        List<Document> documents =
                TextCorpus.documents(seed, steps * BATCH + WINDOW).toList();
        double smoothed = 0;
        long begun = System.nanoTime();
        for (int step = 1; step <= steps; step++) {
            int inWindow = (step - 1) % (WINDOW / BATCH);
            if (inWindow == 0) {
                int from = (step - 1) * BATCH;
                window = batches(documents.subList(from, from + WINDOW), chats, notes, seed + step);
            }
            List<EncodedSample> batch = window.get(inWindow);
            SpliceLayout layout = SpliceLayout.of(batch, new int[batch.size()], options);
            double loss = trainer.step(Placeholders.text(layout)).loss();
            smoothed = step == 1 ? loss : 0.98 * smoothed + 0.02 * loss;
            if (step % REPORT_EVERY == 0 || step == steps) {
                System.out.printf(
                        Locale.ROOT,
                        "decoder %5d/%d  loss %.4f  %.0f s%n",
                        step,
                        steps,
                        smoothed,
                        (System.nanoTime() - begun) / 1e9);
            }
        }
        return model;
    }

    private static List<List<EncodedSample>> batches(
            List<Document> documents, ConversationEncoder chats, ConversationEncoder notes, long seed) {
        List<EncodedSample> samples = new ArrayList<>();
        for (Document document : documents) {
            List<Turn> turns = List.of(Turn.human(document.given()), Turn.gpt(document.answer()));
            ConversationEncoder encoder = document.chat() ? chats : notes;
            samples.add(encoder.encode(new Conversation("", List.of(), turns)));
        }
        samples.sort((a, b) -> Integer.compare(a.inputIds().length, b.inputIds().length));
        List<List<EncodedSample>> batches = new ArrayList<>();
        for (int from = 0; from < samples.size(); from += BATCH) {
            batches.add(samples.subList(from, from + BATCH));
        }
        Collections.shuffle(batches, new Random(seed));
        return batches;
    }
}
