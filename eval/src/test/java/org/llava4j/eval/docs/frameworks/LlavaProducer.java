package org.llava4j.eval.docs.frameworks;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Disposes;
import jakarta.enterprise.inject.Produces;
import java.nio.file.Path;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.llava4j.model.chat.LlavaModel;

// <quarkus-model>
@ApplicationScoped
public class LlavaProducer {
    @Produces
    @ApplicationScoped // loads the model at the first question
    LlavaModel llava(@ConfigProperty(name = "llava.folder") String folder) {
        return LlavaModel.load(Path.of(folder));
    }

    void close(@Disposes LlavaModel llava) {
        llava.close();
    }
}
// </quarkus-model>
