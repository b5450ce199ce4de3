package org.llava4j.eval.docs.frameworks;

import java.nio.file.Path;
import org.llava4j.model.chat.LlavaModel;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Lazy;

// <spring-model>
@Configuration
public class LlavaConfiguration {
    @Bean // Spring closes the model
    @Lazy // loads it at the first question
    LlavaModel llava(@Value("${llava.folder}") Path folder) {
        return LlavaModel.load(folder);
    }
}
// </spring-model>
