"""Who is simulated: draws, acceptance, parameter vectors and untreated patients."""
