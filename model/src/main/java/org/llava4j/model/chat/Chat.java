package org.llava4j.model.chat;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.conversation.Turn;
import org.llava4j.data.image.ImageRef;
import org.llava4j.model.generate.DecodingOptions;

/**
 * A conversation with a model: keeps the history of turns and images and sends it with every question. Not thread-safe;
 * conversations with the same model are independent.
 */
public final class Chat {
    private final LlavaModel model;
    private final DecodingOptions decoding;
    private final List<Turn> turns = new ArrayList<>();
    private final List<ImageRef> images = new ArrayList<>();
    private @Nullable ImageRef nextImage;
    private boolean specialTokensInText;

    /** Starts a conversation without turns. */
    public Chat(LlavaModel model, DecodingOptions decoding) {
        this.model = model;
        this.decoding = decoding;
    }

    /** Attaches an image to the next question. It replaces an image that was attached since the last question. */
    public Chat setImage(ImageRef image) {
        nextImage = image;
        return this;
    }

    /**
     * Sets whether special tokens in messages, such as {@code </s>}, are parsed as tokens. By default they are ordinary
     * text.
     */
    public Chat specialTokensInText(boolean enabled) {
        specialTokensInText = enabled;
        return this;
    }

    /** Sends a question and waits for the answer. */
    public Answer ask(String text) {
        return ask(text, part -> {});
    }

    /**
     * Sends a question and waits for the answer.
     *
     * @param onText receives the answer's text as it is generated, on the model's thread
     */
    public Answer ask(String text, Consumer<String> onText) {
        return await(submit(text, onText));
    }

    /**
     * Sends a question without waiting. Call {@link #await} before the next question.
     *
     * @throws BadInputException if the conversation leaves no room for an answer; the conversation is then unchanged
     */
    public PendingAnswer submit(String text, Consumer<String> onText) {
        List<Turn> newTurns = new ArrayList<>(turns);
        List<ImageRef> newImages = new ArrayList<>(images);
        newTurns.add(Turn.human(nextImage == null ? text : GenerationRequest.withImageToken(text)));
        if (nextImage != null) {
            newImages.add(nextImage);
        }
        GenerationRequest request =
                new GenerationRequest(newTurns, newImages).withSpecialTokensInText(specialTokensInText);
        PendingAnswer pending = model.submit(request, decoding, onText);
        turns.clear();
        turns.addAll(newTurns);
        images.clear();
        images.addAll(newImages);
        return pending;
    }

    /**
     * Waits for an answer, complete or cancelled, and appends it to the history. If generation fails, the question is
     * removed from the history and the exception is rethrown.
     */
    public Answer await(PendingAnswer pending) {
        try {
            Answer answer = model.await(pending);
            turns.add(Turn.gpt(answer.text()));
            nextImage = null;
            return answer;
        } catch (RuntimeException e) {
            turns.remove(turns.size() - 1);
            if (nextImage != null) {
                images.remove(images.size() - 1);
            }
            throw e;
        }
    }

    /** The history. */
    public List<Turn> turns() {
        return List.copyOf(turns);
    }

    /** Clears the history and the attached image. */
    public void clear() {
        turns.clear();
        images.clear();
        nextImage = null;
    }
}
