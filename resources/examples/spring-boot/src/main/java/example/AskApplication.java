package example;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;

/** Spring Boot's start, as in any of its applications. */
@SpringBootApplication
public class AskApplication {
    public static void main(String[] args) {
        SpringApplication.run(AskApplication.class, args);
    }
}
