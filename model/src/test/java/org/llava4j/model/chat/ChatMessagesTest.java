package org.llava4j.model.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.llava4j.data.BadInputException;
import org.llava4j.data.conversation.Turn;
import org.llava4j.data.image.ImageRef;

class ChatMessagesTest {
    private final ChatMessages messages = new ChatMessages();

    @Test
    void requestJoinsMessagesOfOneRole() {
        messages.addSystem("Be brief.");
        messages.addUser("a");
        messages.addUser("b");
        messages.addAssistant("c");
        messages.addAssistant("d");
        messages.addSystem("Be kind.");
        messages.addUser("e");
        GenerationRequest request = messages.request(true);
        assertThat(request.turns()).containsExactly(Turn.human("a\nb"), Turn.gpt("c\nd"), Turn.human("e"));
        assertThat(request.system()).isEqualTo("Be brief.\nBe kind.");
        assertThat(request.answerPrefix()).isEmpty();
        assertThat(request.specialTokensInText()).isTrue();
    }

    @Test
    void requestContinuesLastMessageOfAssistant() {
        messages.addUser("a");
        messages.addAssistant("b");
        assertThat(messages.request(false))
                .isEqualTo(GenerationRequest.of("a", List.of()).withAnswerPrefix("b"));
    }

    @Test
    void requestRejectsMessagesThatDoNotBeginWithTheUsers() {
        assertThat(messages.beginWithUser()).isFalse();
        messages.addAssistant("a");
        messages.addUser("b");
        assertThat(messages.beginWithUser()).isFalse();
        assertThatThrownBy(() -> messages.request(false))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("first message");
    }

    @Test
    void requestRejectsImageThatNoMessageNames() {
        messages.addUser("a");
        messages.addImage(ImageRef.of(Path.of("a.png")));
        assertThat(messages.imageCount()).isEqualTo(1);
        assertThatThrownBy(() -> messages.request(false))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("<image>");
    }
}
