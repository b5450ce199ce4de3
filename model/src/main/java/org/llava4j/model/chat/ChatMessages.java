package org.llava4j.model.chat;

import java.util.ArrayList;
import java.util.List;
import org.llava4j.data.BadInputException;
import org.llava4j.data.conversation.Turn;
import org.llava4j.data.image.ImageRef;

/**
 * Messages of the roles system, user and assistant, as chat APIs have them, collected for a {@link GenerationRequest}.
 * Consecutive messages of one role are one turn, joined by a line break, because conversation templates have alternating
 * turns. System messages are one system prompt at the start, also those that follow other messages, because templates have
 * no other place for them. A last message of the assistant is the answer prefix.
 */
public final class ChatMessages {
    private final List<Draft> turns = new ArrayList<>();
    private final List<ImageRef> images = new ArrayList<>();
    private final List<String> system = new ArrayList<>();

    /** A turn that the next message may extend. */
    private record Draft(boolean isHuman, StringBuilder text) {
        Turn turn() {
            return isHuman ? Turn.human(text.toString()) : Turn.gpt(text.toString());
        }
    }

    /** Adds a system message, on a new line after earlier ones. */
    public void addSystem(String text) {
        system.add(text);
    }

    /** Adds a message of the user, which has the placeholder {@code <image>} for each of its images. */
    public void addUser(String text) {
        add(true, text);
    }

    /** Adds a message of the assistant. */
    public void addAssistant(String text) {
        add(false, text);
    }

    /** Adds the next image that the user's messages name. */
    public void addImage(ImageRef image) {
        images.add(image);
    }

    /** Number of images. */
    public int imageCount() {
        return images.size();
    }

    private void add(boolean isHuman, String text) {
        Draft last = turns.isEmpty() ? null : turns.get(turns.size() - 1);
        if (last == null || last.isHuman() != isHuman) {
            turns.add(new Draft(isHuman, new StringBuilder(text)));
        } else {
            last.text().append('\n').append(text);
        }
    }

    /** Whether the first message that is not a system message is the user's; {@link #request} requires it. */
    public boolean beginWithUser() {
        return !turns.isEmpty() && turns.get(0).isHuman();
    }

    /**
     * The request.
     *
     * @param specialTokensInText as in {@link GenerationRequest}
     * @throws BadInputException if the first turn is not the user's, or the user's messages do not name each image once
     */
    public GenerationRequest request(boolean specialTokensInText) {
        if (!beginWithUser()) {
            throw new BadInputException("the first message after the system message must be the user's");
        }
        List<Turn> all = new ArrayList<>(turns.stream().map(Draft::turn).toList());
        Turn last = all.get(all.size() - 1);
        if (!last.isHuman()) {
            all.remove(all.size() - 1);
        }
        return new GenerationRequest(
                all,
                images,
                system.isEmpty() ? null : String.join("\n", system),
                last.isHuman() ? "" : last.value(),
                specialTokensInText);
    }
}
