package example;

import java.nio.file.Path;
import org.llava4j.model.chat.LlavaModel;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

@Configuration
public class LlavaConfiguration {
    @Bean // loaded at the start and closed by Spring
    LlavaModel llava(@Value("${llava.folder}") Path folder) {
        return LlavaModel.load(folder);
    }
}
