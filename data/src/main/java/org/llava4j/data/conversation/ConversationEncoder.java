package org.llava4j.data.conversation;

import java.util.List;
import org.llava4j.data.BadInputException;
import org.llava4j.data.tokenizer.Encoding;
import org.llava4j.data.tokenizer.LlamaTokenizer;

/**
 * Encoder of conversations to token ids and labels. The template marks the target characters, and a token is a target
 * if its first character is one. Ids and labels come from a single tokenization, so that they cannot be misaligned.
 *
 * @param template its training layout is used
 */
public record ConversationEncoder(LlamaTokenizer tokenizer, ConversationTemplate template, ImageMarkup markup) {

    /**
     * Encodes one sample. A leading answer without a question is dropped, as the published code does.
     *
     * @throws NoTargetTokensException if no answer has any text
     * @throws BadInputException if turns do not alternate, or the number of images differs from that of the references
     *     to them
     */
    public EncodedSample encode(Conversation conversation) {
        List<Turn> turns = markup.apply(checked(conversation)).turns();
        TemplateText text = template.training(turns, conversation.system());
        int images = conversation.hasImages() ? ImageMarkup.count(text.text()) : 0;
        if (images != conversation.images().size()) {
            throw new BadInputException("sample " + conversation.id() + ": has "
                    + conversation.images().size() + " images but its text refers to " + images
                    + "; write " + LlamaTokenizer.IMAGE_TEXT + " once for each image");
        }
        Encoding encoding = tokenizer.encodePrompt(text.text(), conversation.hasImages());
        int[] ids = encoding.ids();
        if (template.targets() == TargetRule.V0_PUBLISHED) {
            return new EncodedSample(
                    ids,
                    new PublishedV0Labels(tokenizer, template, conversation.hasImages())
                            .of(ids, conversation.system(), turns));
        }
        int[] labels = new int[ids.length];
        for (int i = 0; i < ids.length; i++) {
            int start = encoding.starts()[i];
            boolean target =
                    start != Encoding.NO_CHAR && ids[i] != LlamaTokenizer.IMAGE_TOKEN_ID && text.isTarget(start);
            labels[i] = target ? ids[i] : EncodedSample.IGNORE_INDEX;
        }
        return new EncodedSample(ids, labels);
    }

    private static Conversation checked(Conversation conversation) {
        List<Turn> turns = conversation.turns();
        if (!turns.isEmpty() && !turns.get(0).isHuman()) {
            turns = turns.subList(1, turns.size());
        }
        boolean anyAnswer = false;
        for (int i = 0; i < turns.size(); i++) {
            Turn turn = turns.get(i);
            if (turn.isHuman() != (i % 2 == 0)) {
                throw new BadInputException("sample " + conversation.id() + ": two turns from \"" + turn.from()
                        + "\" follow each other; questions and answers must alternate");
            }
            anyAnswer |= !turn.isHuman() && !turn.value().isBlank();
        }
        if (!anyAnswer) {
            throw new NoTargetTokensException("sample " + conversation.id()
                    + ": has no answer; add a \"gpt\" turn with text or remove the sample");
        }
        return conversation.withTurns(turns);
    }
}
