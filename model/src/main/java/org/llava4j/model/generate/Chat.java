package org.llava4j.model.generate;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.llava4j.data.BadInputException;
import org.llava4j.data.conversation.Turn;
import org.llava4j.data.image.ImageRef;
import org.llava4j.model.LlavaModel;

/**
 * A conversation: each question is put with all that was said before, and its answer is remembered. Used by one thread
 * at a time; several conversations with one model are independent.
 */
public final class Chat {
    private final LlavaModel model;
    private final DecodingOptions decoding;
    private final List<Turn> turns = new ArrayList<>();
    private final List<ImageRef> images = new ArrayList<>();
    private ImageRef nextImage;
    private boolean specialTokensInText;

    public Chat(LlavaModel model, DecodingOptions decoding) {
        this.model = model;
        this.decoding = decoding;
    }

    /** The next question is about this picture too; where one is shown already that no question came to, instead of it. */
    public Chat setImage(ImageRef picture) {
        nextImage = picture;
        return this;
    }

    /** Reads special tokens that messages contain as tokens; by default they are ordinary text. */
    public Chat specialTokensInText(boolean enabled) {
        specialTokensInText = enabled;
        return this;
    }

    /** Asks and waits. */
    public Answer ask(String text) {
        return ask(text, said -> {});
    }

    /** Asks and waits; the answer's text is handed on as it comes, on the model's thread. */
    public Answer ask(String text, Consumer<String> onText) {
        return await(submit(text, onText));
    }

    /**
     * Asks without waiting: to be followed by {@link #await}.
     *
     * @throws BadInputException if the conversation leaves no room for an answer; it is then as it was
     */
    public PendingAnswer submit(String text, Consumer<String> onText) {
        List<Turn> asked = new ArrayList<>(turns);
        List<ImageRef> shown = new ArrayList<>(images);
        asked.add(Turn.human(nextImage == null ? text : GenerationRequest.withImageToken(text)));
        if (nextImage != null) {
            shown.add(nextImage);
        }
        GenerationRequest question = new GenerationRequest(asked, shown).withSpecialTokensInText(specialTokensInText);
        PendingAnswer answering = model.submit(question, decoding, onText);
        turns.clear();
        turns.addAll(asked);
        images.clear();
        images.addAll(shown);
        return answering;
    }

    /** Waits for an answer, stopped or whole, and remembers it; where there is none, the question is forgotten. */
    public Answer await(PendingAnswer answering) {
        try {
            Answer answer = model.await(answering);
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

    /** What was said so far. */
    public List<Turn> turns() {
        return List.copyOf(turns);
    }

    /** Begins anew, with no picture. */
    public void clear() {
        turns.clear();
        images.clear();
        nextImage = null;
    }
}
