package org.llava4j.model.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.config.ConfigWarnings;
import org.llava4j.data.conversation.ConversationTemplates;
import org.llava4j.model.ImageStartEndFolder;
import org.llava4j.model.chat.LlavaModel;
import org.llava4j.testing.Golden;

class VocabularyCheckTest {
    @TempDir
    private Path temp;

    @Test
    void loadWarnsAboutTokensWithoutRow() throws IOException {
        Path folder = ImageStartEndFolder.write(temp.resolve("llava"));
        ChatFormat chat = new ChatFormat(ConversationTemplates.named("v1"), true);
        LlavaModel.load(folder, chat);
        assertThat(ConfigWarnings.in(folder)).isEmpty();
        Files.writeString(
                folder.resolve("added_tokens.json"),
                "{\"<im_patch>\": 1000, \"<im_start>\": 1001, \"<im_end>\": 1002, \"<pad>\": 1003, \"<far>\": 1009}");
        Files.delete(folder.resolve("tokenizer_config.json"));
        LlavaModel.load(folder, chat);
        assertThat(ConfigWarnings.in(folder))
                .singleElement()
                .asString()
                .startsWith(folder.resolve("tokenizer.model").toString())
                .contains("1010 ids", "1003 rows", "1003 \"<pad>\", 1004, 1005 and 4 more");
    }

    @Test
    void loadAcceptsTableWithMoreRows() throws IOException {
        Files.copy(Golden.path("e_spm/tokenizer.model"), temp.resolve("tokenizer.model"));
        VocabularyCheck.load(temp, 1024);
        assertThat(ConfigWarnings.in(temp)).isEmpty();
    }
}
