package example;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.event.Startup;
import jakarta.enterprise.inject.Disposes;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.nio.file.Path;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.llava4j.model.chat.LlavaModel;

@ApplicationScoped
public class LlavaProducer {
    @Produces
    @Singleton
    LlavaModel llava(@ConfigProperty(name = "llava.folder") String folder) {
        return LlavaModel.load(Path.of(folder));
    }

    // Loads the model at the start
    void load(@Observes Startup event, LlavaModel llava) {}

    void close(@Disposes LlavaModel llava) {
        llava.close();
    }
}
